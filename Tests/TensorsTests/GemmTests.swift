import CKernels
import Testing

@testable import Tensors

/// Packed products against sums in double, for every instruction set, stored type and border.
@Suite(.serialized) struct GemmTests {
  static func numbers(_ count: Int, _ salt: UInt64) -> [Float] {
    KernelGradientTests.numbers(count, salt).map(Float.init)
  }

  /// Matrices of odd and even sizes in each stored form.
  static func weights(_ rows: Int, _ columns: Int) -> [(name: String, weight: Weight)] {
    let numbers = numbers(rows * columns, 5), count = rows * columns
    let plain = Tensor(rows: rows, columns: columns, values: numbers)
    func bytes(_ count: Int, _ byte: (Int) -> UInt8) -> StoredBytes {
      StoredBytes(
        MappedFile(memory: count, named: "test") { memory in
          for index in 0..<count { memory[index] = byte(index) }
        })
    }
    func floats(_ values: [Float]) -> StoredBytes {
      values.withUnsafeBytes { source in bytes(source.count) { source[$0] } }
    }
    func dense(_ type: ElementType, _ words: [UInt16]) -> Weight {
      let file = words.withUnsafeBytes { source in
        MappedFile(memory: source.count, named: "test") { $0.copyMemory(from: source) }
      }
      return .dense(DenseWeight(file: file, offset: 0, rows: rows, columns: columns, type: type))
    }
    let codes = bytes((count + 1) / 2) { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
    let blocks = NF4Weight.blocks(count)
    let scales = (0..<blocks).map { 0.5 + Float($0 % 7) / 8 }
    return [
      ("f32", .tensor(plain)), ("bf16", dense(.bf16, plain.bf16)),
      ("f16", dense(.f16, numbers.map { Float16($0).bitPattern })),
      (
        "nf4",
        .nf4(
          NF4Weight(
            rows: rows, columns: columns, codes: codes,
            scales: .single(floats(scales))))
      ),
      (
        "nf4 double",
        .nf4(
          NF4Weight(
            rows: rows, columns: columns, codes: codes,
            scales: .double(
              codes: bytes(blocks) { UInt8($0 % 256) },
              map: floats((0..<256).map { Float($0 - 128) / 128 }),
              nested: floats((0..<NF4Weight.nestedBlocks(count)).map { 1 + Float($0) }),
              offset: 0.75)))
      ),
      (
        "int8",
        .int8(
          Int8Weight(
            rows: rows, columns: columns,
            codes: bytes(count) { UInt8(truncatingIfNeeded: $0 &* 29) },
            scales: floats((0..<rows).map { 1 + Float($0 % 5) })))
      ),
    ]
  }

  static let shapes = [(1, 1, 1), (3, 5, 7), (14, 32, 64), (29, 130, 300), (40, 64, 257)]

  @Test(arguments: InstructionSetTests.sets.map(\.rawValue), shapes)
  func strips(set: UInt32, shape: (Int, Int, Int)) {
    let (rows, columns, depth) = shape, left = Self.numbers(rows * depth, 1)
    InstructionSetTests().with(k_instruction_set(set)) {
      for isTransposed in [true, false] {
        let shape = isTransposed ? (columns, depth) : (depth, columns)
        for (name, weight) in Self.weights(shape.0, shape.1) {
          let right = weight.tensor().values.map(Double.init)
          let y = Self.product(left, weight, rows, columns, depth, isTransposed)
          var worst = 0.0
          for i in 0..<rows {
            for j in 0..<columns {
              var sum = 0.0, size = 1e-30
              for k in 0..<depth {
                let w = right[isTransposed ? j * depth + k : k * columns + j]
                sum += Double(left[i * depth + k]) * w
                size += abs(Double(left[i * depth + k]) * w)
              }
              // The output held 1 before, and both terms are the same product.
              let fault = abs(Double(y[i * columns + j]) - 1 - 2 * sum) / (1 + size)
              worst = fault <= worst ? worst : fault
            }
          }
          #expect(worst < 2e-6, "\(name), transposed \(isTransposed)")
        }
      }
    }
  }

  /// 1 + 2 · (left · right), as two terms onto ones.
  static func product(
    _ left: [Float], _ weight: Weight, _ rows: Int, _ columns: Int, _ depth: Int,
    _ isTransposed: Bool
  ) -> [Float] {
    var panel: Int64 = 0, rightPanel: Int64 = 0
    k_gemm_panel_f32(&panel, &rightPanel)
    let panels = (rows + Int(panel) - 1) / Int(panel)
    var packed = [Float](repeating: .nan, count: panels * Int(panel) * depth)
    k_gemm_pack_rows_f32(&packed, left, Int64(rows), Int64(depth), Int64(depth), 1)
    var transposed = [Float](repeating: 0, count: rows * depth)
    for i in 0..<rows { for k in 0..<depth { transposed[k * rows + i] = left[i * depth + k] } }
    var again = [Float](repeating: .nan, count: packed.count)
    k_gemm_pack_columns_f32(&again, transposed, Int64(rows), Int64(depth), Int64(rows), 1)
    #expect(packed == again)
    var y = [Float](repeating: 1, count: rows * columns)
    packed.withUnsafeBufferPointer { packed in
      let term = k_term(
        a: packed.baseAddress, depth: Int64(depth), b: weight.descriptor, bFirst: 0,
        isTransposed: isTransposed ? 1 : 0)
      withExtendedLifetime(weight) {
        for first in stride(from: 0, to: columns, by: 128) {
          k_gemm_strip_f32(
            &y, Int64(columns), 0, Int64(rows), [term, term], 2, Int64(first),
            Int64(min(128, columns - first)), 1)
        }
      }
    }
    return y
  }

  /// Some rows of a weight give those columns of the whole product.
  @Test func rowsOfAWeight() {
    let x = TapeTests.tensor(20, 48, 1), w = TapeTests.tensor(300, 48, 2)
    var y = [Float](repeating: 0, count: 20 * 100)
    Gemm.sum(&y, [Gemm.Term(Gemm.Left(x), .tensor(w), rows: 150..<250, isTransposed: true)])
    let whole = project(x, .tensor(w)).values
    for i in 0..<20 { for j in 0..<100 { #expect(y[i * 100 + j] == whole[i * 300 + 150 + j]) } }
  }

  /// Both engines, for sums whose depths and columns are more than one piece.
  @Test(arguments: [true, false]) func enginesAgree(isTransposed: Bool) {
    let count = 20, (outputs, inputs) = (330, 1100), rows = 17..<317
    let (columns, depth) = isTransposed ? (rows.count, inputs) : (inputs, rows.count)
    let left = Gemm.Left(TapeTests.tensor(count, depth, 1), alpha: 0.5)
    let upright = Gemm.Left(TapeTests.tensor(30, count, 2), isTransposed: true, alpha: 2)
    let narrow = TapeTests.tensor(30, columns, 3)
    for (name, weight) in Self.weights(outputs, inputs) {
      let terms = [
        Gemm.Term(left, weight, rows: rows, isTransposed: isTransposed), Gemm.Term(upright, narrow),
      ]
      let results = GemmEngine.allCases.map { engine in
        var y = [Float](repeating: 1, count: count * columns)
        Gemm.sum(&y, terms, beta: 1, by: engine)
        return y
      }
      let largest = results[0].reduce(0) { max($0, abs($1)) }
      let difference = zip(results[0], results[1]).reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(largest > 1 && difference < 1e-5 * largest, "\(name)")
    }
  }

  /// A row's numbers do not depend on the rows beside it.
  @Test func rowsAreIndependent() {
    let w = Weight.tensor(TapeTests.tensor(70, 300, 2)), x = TapeTests.tensor(61, 300, 1)
    let all = project(x, w).values
    let some = project(selectRows(x, Array(17..<40)), w).values
    #expect(Array(all[17 * 70..<40 * 70]) == some)
  }
}
