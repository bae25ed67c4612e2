import CKernels
import Testing

@testable import Tensors

/// Products of few rows have the bits of the packed ones, in every way of storing and with every
/// instruction set.
@Suite(.serialized) struct BandTests {
  /// Outputs and inputs: whole tiles and blocks, parts of them, several blocks, odd numbers.
  static let shapes = [(16, 192), (7, 64), (35, 400), (9, 75), (3, 1), (130, 769)]
  static let rows = [1, 2, 7, 15, 16, 17, 33, 64]

  /// c := beta · c + x · Wᵀ + 0.3 · z · Bᵀ, for W's rows from 2 on where it has so many.
  struct Sum {
    let weight: Weight, adapter: Tensor, x: Tensor, z: Tensor, isBF16: Bool

    init(_ storage: FewRowsTests.Storage, _ outputs: Int, _ inputs: Int, rows: Int, isBF16: Bool)
      throws
    {
      weight = try FewRowsTests.weight(storage, outputs + 2, inputs)
      func tensor(_ rows: Int, _ columns: Int, _ seed: UInt64) -> Tensor {
        Tensor(
          rows: rows, columns: columns,
          values: InstructionSetTests.numbers(rows * columns, seed))
      }
      (x, z) = (tensor(rows, inputs, 61), tensor(rows, 5, 62))
      adapter = tensor(outputs, 5, 63)
      self.isBF16 = isBF16
    }

    func packed(_ x: Tensor, _ alpha: Float, asBands: Bool) -> Buffer {
      let (rows, depth) = (Int64(x.rows), Int64(x.columns))
      let buffer = Buffer((x.rows + 31) * (x.columns + 1))
      let pairs = UnsafeMutableRawPointer(buffer.start).assumingMemoryBound(to: UInt32.self)
      switch (asBands, isBF16) {
      case (true, true): k_gemm_pack_bands_bf16(pairs, x.start, rows, depth, alpha)
      case (true, false): k_gemm_pack_bands_f32(buffer.start, x.start, rows, depth, alpha)
      case (false, true): k_gemm_pack_rows_bf16(pairs, x.start, rows, depth, depth, alpha)
      case (false, false): k_gemm_pack_rows_f32(buffer.start, x.start, rows, depth, depth, alpha)
      }
      return buffer
    }

    /// The sum for `columns`, NaN elsewhere.
    func callAsFunction(asBands: Bool, _ columns: Range<Int>, beta: Float) -> [Float] {
      let (a, b) = (packed(x, 1, asBands: asBands), packed(z, 0.3, asBands: asBands))
      let apart = Int64(adapter.rows), rows = Int64(x.rows)
      let terms = [
        k_term(
          a: a.start, depth: Int64(x.columns), b: weight.descriptor, bFirst: 2, isTransposed: 1),
        k_term(
          a: b.start, depth: 5, b: Weight.tensor(adapter).descriptor, bFirst: 0, isTransposed: 1),
      ]
      var c = [Float](repeating: beta == 0 ? .nan : 0.7, count: x.rows * adapter.rows)
      withExtendedLifetime((a, b)) {
        guard !asBands else {
          let kernel = isBF16 ? k_gemm_bands_bf16 : k_gemm_bands_f32
          return kernel(
            &c, apart, rows, terms, 2, Int64(columns.lowerBound), Int64(columns.count), beta)
        }
        let kernel = isBF16 ? k_gemm_strip_bf16 : k_gemm_strip_f32
        for first in stride(from: columns.lowerBound, to: columns.upperBound, by: 128) {
          let count = min(128, columns.upperBound - first)
          kernel(&c, apart, 0, rows, terms, 2, Int64(first), Int64(count), beta)
        }
      }
      return c
    }
  }

  func expectEqual(_ storage: FewRowsTests.Storage, isBF16: Bool) throws {
    for (outputs, inputs) in Self.shapes {
      for rows in Self.rows {
        let sum = try Sum(storage, outputs, inputs, rows: rows, isBF16: isBF16)
        for beta: Float in [0, 1] {
          for columns in [0..<outputs, outputs / 3..<outputs] {
            let few = sum(asBands: true, columns, beta: beta)
            let many = sum(asBands: false, columns, beta: beta)
            #expect(
              few.map(\.bitPattern) == many.map(\.bitPattern),
              "\(rows) rows, \(outputs) × \(inputs), columns \(columns), beta \(beta)")
          }
        }
      }
    }
  }

  @Test(arguments: InstructionSetTests.sets.map(\.rawValue), FewRowsTests.Storage.allCases)
  func fewRowsHaveTheBitsOfMany(set: UInt32, storage: FewRowsTests.Storage) throws {
    var fault: (any Error)?
    InstructionSetTests().with(k_instruction_set(set)) {
      do { try expectEqual(storage, isBF16: false) } catch { fault = error }
    }
    if let fault { throw fault }
  }

  @Test(.enabled(if: k_bf16_available() != 0), arguments: FewRowsTests.Storage.allCases)
  func fewRowsOfBF16HaveTheBitsOfMany(storage: FewRowsTests.Storage) throws {
    try expectEqual(storage, isBF16: true)
  }

  /// A projection with an adapter: each row alone, and few and many of them.
  @Test(arguments: FewRowsTests.Storage.allCases, [false, true])
  func projectionsDoNotDependOnTheNumberOfRows(
    storage: FewRowsTests.Storage, isBF16: Bool
  ) throws {
    if isBF16, k_bf16_available() == 0 { return }
    k_force_bf16(isBF16 ? 1 : 0)
    defer { k_force_bf16(-1) }
    let weight = try FewRowsTests.weight(storage, 90, 210)
    func tensor(_ rows: Int, _ columns: Int, _ seed: UInt64) -> Tensor {
      Tensor(
        rows: rows, columns: columns, values: InstructionSetTests.numbers(rows * columns, seed))
    }
    let part = LowRank(tensor(4, 210, 71), tensor(90, 4, 72), scale: 2)
    let x = tensor(100, 210, 73), bias = tensor(1, 90, 74)
    ForwardPass(isolatesRows: true).run {
      let all = project(x, weight, bias: bias, plus: part)
      for count in [1, 5, 16, 17, 64, 65] {
        let some = project(
          selectRows(x, Array(100 - count..<100)), weight, bias: bias, plus: part)
        for row in 0..<count {
          #expect(some.row(row) == all.row(100 - count + row), "row \(row) of \(count)")
        }
      }
    }
  }
}
