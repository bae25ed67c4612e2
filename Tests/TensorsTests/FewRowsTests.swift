import CKernels
import Testing

@testable import Tensors

/// Few rows times a stored matrix, in every way of storing and with every instruction set.
@Suite(.serialized) struct FewRowsTests {
  enum Storage: CaseIterable, Sendable { case f32, f16, bf16, nf4, nf4Double, int8 }

  /// Columns: whole NF4 blocks, blocks that cross the ends of rows, odd numbers of codes.
  static let shapes = [(7, 64), (5, 192), (9, 75), (3, 1), (6, 130), (4, 97)]

  /// Memory that holds `bytes`, as a file would.
  static func stored<Element>(_ numbers: [Element]) throws -> StoredBytes {
    let bytes = numbers.withUnsafeBytes { Array($0) }
    return StoredBytes(
      MappedFile(memory: max(bytes.count, 1), named: "test") { buffer in
        buffer.copyBytes(from: bytes)
      }, 0..<bytes.count)
  }

  static func bits(_ count: Int) -> [UInt64] {
    let random = Random(seed: 5)
    return (0..<count).map { random.bits($0) }
  }

  static func weight(_ storage: Storage, _ rows: Int, _ columns: Int) throws -> Weight {
    let count = rows * columns, blocks = NF4Weight.blocks(count)
    let numbers = InstructionSetTests.numbers(count, 31), random = bits(count)
    func dense(_ file: StoredBytes, _ type: ElementType) -> Weight {
      .dense(DenseWeight(file: file.file, offset: 0, rows: rows, columns: columns, type: type))
    }
    let codes = try stored(random.prefix((count + 1) / 2).map { UInt8(truncatingIfNeeded: $0) })
    switch storage {
    case .f32: return .tensor(Tensor(rows: rows, columns: columns, values: numbers))
    case .f16: return dense(try stored(numbers.map { Float16($0) }), .f16)
    case .bf16:
      return dense(try stored(numbers.map { UInt16($0.bitPattern >> 16) }), .bf16)
    case .nf4:
      let scales = try stored(random.prefix(blocks).map { Float($0 % 1000) / 500 })
      return .nf4(NF4Weight(rows: rows, columns: columns, codes: codes, scales: .single(scales)))
    case .nf4Double:
      return .nf4(
        NF4Weight(
          rows: rows, columns: columns, codes: codes,
          scales: .double(
            codes: try stored(random.prefix(blocks).map { UInt8(truncatingIfNeeded: $0 >> 9) }),
            map: try stored((0..<256).map { Float($0 - 127) / 128 }),
            nested: try stored((0..<NF4Weight.nestedBlocks(count)).map { Float($0 + 1) / 3 }),
            offset: 0.7)))
    case .int8:
      return .int8(
        Int8Weight(
          rows: rows, columns: columns,
          codes: try stored(random.map { Int8(truncatingIfNeeded: $0) }),
          scales: try stored((0..<rows).map { Float($0 + 1) / 3 })))
    }
  }

  /// Rows from..<to of w times each row of x, with NaN wherever nothing was written.
  static func product(_ weight: Weight, _ x: [Float], _ rows: Range<Int>) -> [Float] {
    let count = x.count / weight.columns
    var y = [Float](repeating: .nan, count: count * weight.rows), x = x
    if case .nf4 = weight {
      k_few_rows_order_f32(&x, Array(x), Int64(count), Int64(weight.columns))
    }
    weight.withDescriptor { descriptor in
      k_few_rows_f32(
        &y, descriptor, x, Int64(rows.lowerBound), Int64(rows.upperBound), Int64(count),
        Int64(weight.rows))
    }
    return y
  }

  @Test(arguments: InstructionSetTests.sets.map(\.rawValue), Storage.allCases)
  func equalsSumsInDouble(set: UInt32, storage: Storage) throws {
    for (rows, columns) in Self.shapes {
      let weight = try Self.weight(storage, rows, columns), w = weight.tensor().values
      let x = InstructionSetTests.numbers(19 * columns, 32)
      for count in [1, 2, 3, 4, 5, 8, 9, 16, 19] {
        InstructionSetTests().with(k_instruction_set(set)) {
          let y = Self.product(weight, Array(x.prefix(count * columns)), 1..<rows)
          for row in 0..<count {
            #expect(y[row * rows].isNaN)
            for output in 1..<rows {
              var sum = 0.0, magnitude = 0.0
              for column in 0..<columns {
                let term = Double(x[row * columns + column]) * Double(w[output * columns + column])
                sum += term
                magnitude += abs(term)
              }
              #expect(abs(Double(y[row * rows + output]) - sum) <= 1e-6 * magnitude)
            }
          }
        }
      }
    }
  }

  @Test(arguments: InstructionSetTests.sets.map(\.rawValue), Storage.allCases)
  func rowsHaveTheSameBitsAloneAndAmongOthers(set: UInt32, storage: Storage) throws {
    for (rows, columns) in Self.shapes {
      let weight = try Self.weight(storage, rows, columns)
      let x = InstructionSetTests.numbers(19 * columns, 33)
      InstructionSetTests().with(k_instruction_set(set)) {
        let alone = (0..<19).flatMap { row in
          Self.product(weight, Array(x[row * columns..<(row + 1) * columns]), 0..<rows)
        }
        for count in [2, 3, 4, 6, 8, 11, 19] {
          let y = Self.product(weight, Array(x.prefix(count * columns)), 0..<rows)
          #expect(y == Array(alone.prefix(count * rows)))
          // Nor does it matter where a piece of the weight begins.
          let piece = Self.product(weight, Array(x.prefix(count * columns)), rows / 2..<rows)
          for row in 0..<count {
            for output in rows / 2..<rows {
              #expect(piece[row * rows + output] == alone[row * rows + output])
            }
          }
        }
      }
    }
  }
}
