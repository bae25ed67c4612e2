import CKernels
import Foundation
import TestSupport
import Testing

/// Kernels in double against central differences: with 53 bits they agree to about 1e-8, so that a
/// wrong factor cannot hide behind rounding.
@Suite struct KernelGradientTests {
  /// Numbers in −1…1 that follow from the index alone.
  static func numbers(_ count: Int, _ salt: UInt64) -> [Double] {
    (0..<count).map { index in
      var words: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
      withUnsafeMutableBytes(of: &words) {
        k_philox($0.baseAddress!.assumingMemoryBound(to: UInt32.self), salt, UInt64(index), 0)
      }
      return Double(words.0) / 2_147_483_648 - 1
    }
  }

  /// Compares `gradient` with differences of x ↦ Σ y(x) · u.
  func check(
    _ x: [Double], u: [Double], gradient: [Double], _ forward: ([Double]) -> [Double],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    func objective(_ x: [Double]) -> Double { zip(forward(x), u).reduce(0) { $0 + $1.0 * $1.1 } }
    let step = 1e-5
    for index in x.indices {
      var plus = x, minus = x
      plus[index] += step
      minus[index] -= step
      let expected = (objective(plus) - objective(minus)) / (2 * step)
      #expect(
        abs(expected - gradient[index]) < 1e-7 * max(1, abs(expected)), "element \(index)",
        sourceLocation: sourceLocation)
    }
  }

  @Test(arguments: [(3, 16), (2, 37), (1, 1)]) func rmsNorm(rows: Int, columns: Int) {
    let n = rows * columns, eps = 1e-6, size = (Int64(rows), Int64(columns))
    let x = Self.numbers(n, 1), w = Self.numbers(columns, 2), u = Self.numbers(n, 3)
    var rstd = [Double](repeating: 0, count: rows)
    func forward(_ x: [Double], _ w: [Double]) -> [Double] {
      var y = [Double](repeating: 0, count: n)
      k_rms_norm_f64(&y, &rstd, x, w, size.0, size.1, eps)
      return y
    }
    _ = forward(x, w)
    var dx = [Double](repeating: 0.5, count: n), dw = [Double](repeating: 0.25, count: columns)
    k_rms_norm_backward_f64(&dx, u, x, w, rstd, size.0, size.1, 0)
    k_rms_norm_weight_backward_f64(&dw, u, x, rstd, size.0, size.1, 0, size.1, 1)
    check(x, u: u, gradient: dx) { forward($0, w) }
    check(w, u: u, gradient: dw.map { $0 - 0.25 }) { forward(x, $0) }
    var twice = dx
    k_rms_norm_backward_f64(&twice, u, x, w, rstd, size.0, size.1, 1)
    expectClose(twice, dx.map { 2 * $0 }, atol: 1e-12, rtol: 0)
  }

  @Test func rope() {
    let rows = 3, heads = 2, head = 6, n = rows * heads * head
    let x = Self.numbers(n, 4), u = Self.numbers(n, 5)
    let c = Self.numbers(rows * head / 2, 6), s = Self.numbers(rows * head / 2, 7)
    func rotated(_ x: [Double], _ sign: Double) -> [Double] {
      var y = [Double](repeating: 0, count: n)
      k_rope_f64(&y, x, c, s, Int64(rows), Int64(heads), Int64(head), sign, 0)
      return y
    }
    check(x, u: u, gradient: rotated(u, -1)) { rotated($0, 1) }
  }

  @Test func swiglu() {
    let n = 37
    let gate = Self.numbers(n, 8).map { $0 * 6 }, up = Self.numbers(n, 9), u = Self.numbers(n, 10)
    func forward(_ gate: [Double], _ up: [Double]) -> [Double] {
      var y = [Double](repeating: 0, count: n)
      k_swiglu_f64(&y, gate, up, Int64(n))
      return y
    }
    var dgate = [Double](repeating: 0, count: n), dup = dgate
    k_swiglu_backward_f64(&dgate, &dup, u, gate, up, Int64(n), 0, 0)
    check(gate, u: u, gradient: dgate) { forward($0, up) }
    check(up, u: u, gradient: dup) { forward(gate, $0) }
  }

  /// Scores of rows that see one column more each; columns beyond must have no share, nor those that
  /// are behind the window. Column 0 is token `skipped`.
  @Test(arguments: [(1, Int64.max, 0), (3, .max, 0), (1, 2, 0), (3, 1, 0), (5, 3, 2), (4, 9, 1)])
  func causalSoftmax(first: Int, window: Int64, skipped: Int) {
    let rows = 4, columns = 7, n = rows * columns
    let x = Self.numbers(n, 11).map { $0 * 3 }, u = Self.numbers(n, 12), scale = 0.7
    var lse = [Double](repeating: 0, count: rows)
    let sizes = (Int64(rows), Int64(columns))
    let seen = (0..<rows).map { Int64(min(first + $0, columns + skipped)) }
    func sees(_ row: Int, _ column: Int) -> Bool {
      let token = Int64(column + skipped)
      return token < seen[row] && seen[row] - token <= window
    }
    func forward(_ x: [Double]) -> [Double] {
      var p = x.map { $0 * scale }
      k_causal_softmax_f64(&p, &lse, seen, window, Int64(skipped), sizes.0, sizes.1)
      return p
    }
    let p = forward(x)
    for row in 0..<rows {
      let line = p[row * columns..<(row + 1) * columns]
      #expect(abs(line.reduce(0, +) - 1) < 1e-12)
      #expect(line.enumerated().allSatisfy { ($1 > 0) == sees(row, $0) })
    }
    var ds = u
    k_softmax_backward_f64(&ds, p, sizes.0, sizes.1, scale)
    let saved = lse
    check(x, u: u, gradient: ds, forward)
    var again = x.map { $0 * scale }
    k_causal_softmax_again_f64(
      &again, saved, seen, window, Int64(skipped), sizes.0, sizes.1)
    expectClose(again, p, atol: 1e-12, rtol: 0)
  }

  /// Sums of parts are the sums of the whole, wherever the largest score stands.
  @Test func onlineSoftmax() {
    let rows = 3, columns = 19, x = Self.numbers(rows * columns, 13).map { $0 * 50 }
    var top = [Double](repeating: -.infinity, count: rows), sum = [0.0, 0, 0], factor = sum
    var expected = [Double](repeating: 0, count: rows)  // Σ exp(x − top) · x, online
    for part in [0..<5, 5..<6, 6..<19] {
      var scores = (0..<rows).flatMap { row in part.map { x[row * columns + $0] } }
      k_online_softmax_f64(&scores, &top, &sum, &factor, Int64(rows), Int64(part.count))
      k_scale_rows_f64(&expected, factor, Int64(rows), 1)
      for row in 0..<rows {
        for (index, column) in part.enumerated() {
          expected[row] += scores[row * part.count + index] * x[row * columns + column]
        }
      }
    }
    var again = x
    let lse = (0..<rows).map { top[$0] + log(sum[$0]) }
    k_softmax_again_f64(&again, lse, Int64(rows), Int64(columns))
    for row in 0..<rows {
      let line = x[row * columns..<(row + 1) * columns], highest = line.max() ?? 0
      let whole = line.reduce(0) { $0 + exp($1 - highest) }
      #expect(abs(lse[row] - highest - log(whole)) < 1e-12)
      let mean = line.reduce(0) { $0 + exp($1 - highest) * $1 } / whole
      #expect(abs(expected[row] / sum[row] - mean) < 1e-10)
      #expect(abs(again[row * columns..<(row + 1) * columns].reduce(0, +) - 1) < 1e-12)
    }
  }
}
