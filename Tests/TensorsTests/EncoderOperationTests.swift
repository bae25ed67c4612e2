import Foundation
import CKernels
import TestSupport
import Testing

@testable import Tensors

@Suite struct EncoderOperationTests {
  let tape = TapeTests()

  func tensor(_ rows: Int, _ columns: Int, _ salt: UInt64) -> Tensor {
    TapeTests.tensor(rows, columns, salt)
  }

  @Test func layerNormAndGELU() {
    let x = tensor(9, 20, 1), w = tensor(1, 20, 2), b = tensor(1, 20, 3)
    tape.checkAdjoint(x) { layerNorm($0, w, b, eps: 1e-5) }
    tape.checkAdjoint(w) { layerNorm(x, $0, b, eps: 1e-5) }
    tape.checkAdjoint(b) { layerNorm(x, w, $0, eps: 1e-5) }
    tape.checkAdjoint(x) { gelu($0) }
  }

  @Test(arguments: [1, 2]) func convolution(stride: Int) {
    let x = tensor(57, 6, 1), w = tensor(10, 18, 2), b = tensor(1, 10, 3)
    let segments = Segments(lengths: [4, 1, 30, 3, 19])
    let fitting = (0..<5).map { (segments[$0].count + stride - 1) / stride }
    for counts in [nil, fitting.map { max(1, $0 - 2) }] {
      let windows = Windows(segments, stride: stride, counts: counts)
      tape.checkAdjoint(x) { convolve($0, windows, .tensor(w), bias: b) }
      tape.checkAdjoint(w) { convolve(x, windows, .tensor($0), bias: b) }
      tape.checkAdjoint(b) { convolve(x, windows, .tensor(w), bias: $0) }
    }
  }

  /// The definition, in double: y[i] = b + Σₖ W[:, :, k] · x[stride · i + k − 1].
  @Test(arguments: [1, 2]) func convolutionOfSegments(stride: Int) {
    let lengths = [7, 2, 20, 1], channels = 5, outputs = 6
    let segments = Segments(lengths: lengths), windows = Windows(segments, stride: stride)
    let x = tensor(30, channels, 4), w = tensor(outputs, channels * 3, 5), b = tensor(1, outputs, 6)
    let y = convolve(x, windows, .tensor(w), bias: b)
    #expect(windows.outputs.tokens == lengths.reduce(0) { $0 + ($1 + stride - 1) / stride })
    for (segment, length) in lengths.enumerated() {
      let first = segments[segment].lowerBound
      for (window, row) in windows.outputs[segment].enumerated() {
        for output in 0..<outputs {
          var sum = Double(b.values[output])
          for k in 0..<3 where (0..<length).contains(stride * window + k - 1) {
            let source = x.row(first + stride * window + k - 1)
            for channel in 0..<channels {
              sum += Double(w.row(output)[3 * channel + k]) * Double(source[channel])
            }
          }
          #expect(abs(Double(y.row(row)[output]) - sum) < 1e-5)
        }
      }
    }
  }

  /// Every row sees its whole segment and none of another: by the definition, in double.
  @Test func attentionOfWholeSegments() {
    let heads = HeadShape(queries: 2, keys: 2, width: 5), lengths = [5, 1, 200]
    let segments = Segments(lengths: lengths), asking = Asking(segments, isCausal: false)
    let q = tensor(206, 10, 1), k = tensor(206, 10, 2), v = tensor(206, 10, 3)
    let y = attend(q, k, v, asking, heads: heads)
    let numbers = [q, k, v].map { x in (0..<206).map { x.row($0).map(Double.init) } }
    for segment in 0..<3 {
      for row in segments[segment] {
        for head in 0..<2 {
          let part = head * 5..<head * 5 + 5
          let weights = segments[segment].map { other in
            exp(
              part.reduce(0) { $0 + numbers[0][row][$1] * numbers[1][other][$1] }
                / 5.0.squareRoot())
          }
          let total = weights.reduce(0, +)
          for column in part {
            let expected = zip(weights, segments[segment]).reduce(0) {
              $0 + $1.0 * numbers[2][$1.1][column]
            }
            #expect(abs(Double(y.row(row)[column]) - expected / total) < 2e-6)
          }
        }
      }
    }
    tape.checkAdjoint(q) { attend($0, k, v, asking, heads: heads) }
    tape.checkAdjoint(k) { attend(q, $0, v, asking, heads: heads) }
    tape.checkAdjoint(v) { attend(q, k, $0, asking, heads: heads) }
  }

  @Test func pooling() {
    let x = tensor(14, 3, 1), segments = Segments(lengths: [5, 2, 7])
    let y = averagePairs(x, segments)
    #expect(segments.halved == Segments(lengths: [2, 1, 3]))
    for (row, first) in [0, 2, 5, 7, 9, 11].enumerated() {
      let mean = zip(x.row(first), x.row(first + 1)).map { ($0 + $1) / 2 }
      expectClose(y.row(row), mean, atol: 1e-6, rtol: 0)
    }
    tape.checkAdjoint(x) { averagePairs($0, segments) }
    let leaf = x.asLeaf()
    var g = Gradients()
    (averagePairs(leaf, segments)).backward(into: &g)
    #expect([4, 13].allSatisfy { g[leaf.slot!]!.row($0) == [0, 0, 0] }, "the dropped rows")
  }

  @Test func replacementAndConcatenation() {
    let x = tensor(7, 4, 1), z = tensor(3, 4, 2), places = [0, 3, 6]
    let y = replaceRows(x, places, with: z)
    for row in 0..<7 {
      #expect(y.row(row) == (places.firstIndex(of: row).map(z.row) ?? x.row(row)))
    }
    #expect(replaceRows(x, [], with: Tensor(rows: 0, columns: 4, values: [])).values == x.values)
    tape.checkAdjoint(x) { replaceRows($0, places, with: z) }
    tape.checkAdjoint(z) { replaceRows(x, places, with: $0) }
    tape.checkAdjoint(x) { replaceRows(2 * $0, places, with: selectRows($0, [1, 3, 3])) }
    let parts = concatenateRows([(x, 1..<4), (z, 0..<3), (x, 3..<7)])
    #expect(parts.rows == 10 && parts.row(0) == x.row(1) && parts.row(6) == x.row(3))
    tape.checkAdjoint(x) { concatenateRows([($0, 1..<4), (z, 0..<3), ($0, 3..<7)]) }
  }

  /// Norm, GELU and the convolution's windows are made again on the way back, not kept.
  @Test func cheapValuesAreNotKept() {
    let x = tensor(40, 8, 1).asLeaf(), w = tensor(1, 8, 2)
    weak var norm: Buffer?
    weak var active: Buffer?
    let leaf = tensor(6, 24, 3).asLeaf()
    let y: Tensor
    do {
      let n = layerNorm(x, w, w, eps: 1e-5), a = gelu(n)
      (norm, active) = (n.buffer, a.buffer)
      #expect(Kept(n).value.values == n.values && Kept(a).value.values == a.values)
      y = convolve(a, Windows(Segments(lengths: [30, 10])), .tensor(leaf))
    }
    #expect(norm == nil && active == nil)
    var g = Gradients()
    y.backward(into: &g)
    #expect(g[leaf.slot!] != nil && g[x.slot!] != nil)
  }
}
