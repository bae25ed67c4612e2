import CKernels
import TestSupport
import Testing

@testable import Tensors

/// Products of bf16 operands against sums in double of the rounded operands, and against f32.
@Suite(.serialized, .enabled(if: Engine.hasBF16, "needs a processor with AVX512-BF16"))
struct BF16Tests {
  /// Runs `body` with bf16 products on this thread alone.
  static func withBF16<Result>(_ isOn: Bool = true, _ body: () -> Result) -> Result {
    k_force_bf16(isOn ? 1 : 0)
    defer { k_force_bf16(-1) }
    return body()
  }

  static func rounded(_ values: [Float]) -> [Float] {
    Tensor(rows: 1, columns: values.count, values: values).bf16.map {
      Float(bitPattern: UInt32($0) << 16)
    }
  }

  static let shapes = [
    (1, 1, 1), (3, 5, 7), (8, 33, 31), (14, 32, 64), (29, 130, 300), (40, 64, 257), (20, 47, 801),
  ]

  @Test(arguments: shapes, [false, true]) func strips(shape: (Int, Int, Int), isTransposed: Bool) {
    let (rows, columns, depth) = shape
    let left = GemmTests.numbers(rows * depth, 1), exactLeft = Self.rounded(left)
    let stored = isTransposed ? (columns, depth) : (depth, columns)
    for (name, weight) in GemmTests.weights(stored.0, stored.1) {
      let right = Self.rounded(weight.tensor().values)
      for beta in [Float(0), 1] {
        let y = Self.product(left, weight, rows, columns, depth, isTransposed, beta)
        var worst = 0.0
        for i in 0..<rows {
          for j in 0..<columns {
            var sum = Double(beta) * 0.5, size = 1e-30
            for k in 0..<depth {
              let product =
                Double(exactLeft[i * depth + k])
                * Double(right[isTransposed ? j * depth + k : k * columns + j])
              sum += 2 * product
              size += 2 * abs(product)
            }
            let fault = abs(Double(y[i * columns + j]) - sum) / (1 + size)
            worst = fault <= worst ? worst : fault
          }
        }
        #expect(worst < 2e-6, "\(name), beta \(beta)")
      }
    }
  }

  /// beta · 0.5 + 2 · (left · right), as two terms.
  static func product(
    _ left: [Float], _ weight: Weight, _ rows: Int, _ columns: Int, _ depth: Int,
    _ isTransposed: Bool, _ beta: Float
  ) -> [Float] {
    let panels = (rows + 13) / 14, pairs = (depth + 1) / 2
    var packed = [UInt32](repeating: .max, count: panels * 14 * pairs), again = packed
    k_gemm_pack_rows_bf16(&packed, left, Int64(rows), Int64(depth), Int64(depth), 1)
    var transposed = left
    for i in 0..<rows { for k in 0..<depth { transposed[k * rows + i] = left[i * depth + k] } }
    k_gemm_pack_columns_bf16(&again, transposed, Int64(rows), Int64(depth), Int64(rows), 1)
    #expect(packed == again)
    var y = [Float](repeating: beta == 0 ? .nan : 0.5, count: rows * columns)
    packed.withUnsafeBytes { packed in
      let term = k_term(
        a: packed.baseAddress!.assumingMemoryBound(to: Float.self), depth: Int64(depth),
        b: weight.descriptor, bFirst: 0, isTransposed: isTransposed ? 1 : 0)
      withExtendedLifetime(weight) {
        for first in stride(from: 0, to: columns, by: 128) {
          k_gemm_strip_bf16(
            &y, Int64(columns), 0, Int64(rows), [term, term], 2, Int64(first),
            Int64(min(128, columns - first)), beta)
        }
      }
    }
    return y
  }

  /// What a projection with a low-rank part and a head above it compute: y, dx, dA, dB, and losses.
  static func numbers(isBF16: Bool) -> [[Float]] {
    withBF16(isBF16) {
      let x = TapeTests.tensor(61, 75, 1), w = TapeTests.tensor(131, 75, 2)
      let a = TapeTests.tensor(8, 75, 3), b = TapeTests.tensor(131, 8, 4)
      let head = TapeTests.tensor(2100, 131, 5), targets = (0..<61).map { Int32($0 * 30) }
      let leaves = [x.asLeaf(), a.asLeaf(), b.asLeaf()]
      let low = LowRank(leaves[1], leaves[2], scale: 0.5)
      let y = project(leaves[0], .tensor(w), plus: low)
      let loss = crossEntropy(y, .tensor(head), targets: targets)
      var g = Gradients()
      loss.sum.backward(into: &g)
      return [y.values, loss.tokens] + leaves.map { g[$0.slot!]!.values }
    }
  }

  @Test func gradientsAreNearThoseOfF32() {
    for (bf16, f32) in zip(Self.numbers(isBF16: true), Self.numbers(isBF16: false)) {
      #expect(bf16 != f32)
      let error = zip(bf16, f32).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
      let size = f32.reduce(0.0) { $0 + Double($1 * $1) }
      #expect(error.squareRoot() < 0.02 * size.squareRoot())
    }
  }

  @Test func threadsDoNotChangeBits() {
    let threads = Parallel.threads
    defer { Parallel.threads = threads }
    Parallel.threads = 1
    let one = Self.numbers(isBF16: true)
    Parallel.threads = 2
    #expect(one == Self.numbers(isBF16: true))
  }
}
