import CKernels
import Foundation
import TestSupport
import Testing

/// The encoder's kernels in double against central differences, and in f32 against double.
@Suite(.serialized) struct EncoderKernelTests {
  let differences = KernelGradientTests()

  static func numbers(_ count: Int, _ salt: UInt64) -> [Double] {
    KernelGradientTests.numbers(count, salt)
  }

  @Test(arguments: [(3, 16), (2, 37), (1, 2)]) func layerNorm(rows: Int, columns: Int) {
    let n = rows * columns, size = (Int64(rows), Int64(columns))
    let x = Self.numbers(n, 31).map { $0 + 2 }, w = Self.numbers(columns, 32)
    let b = Self.numbers(columns, 33), u = Self.numbers(n, 34)
    var mean = [Double](repeating: 0, count: rows), rstd = mean
    func forward(_ x: [Double], _ w: [Double]) -> [Double] {
      var y = [Double](repeating: 0, count: n)
      k_layer_norm_f64(&y, &mean, &rstd, x, w, b, size.0, size.1, 1e-5)
      return y
    }
    let y = forward(x, w)
    for row in 0..<rows {
      let line = x[row * columns..<(row + 1) * columns], m = line.reduce(0, +) / Double(columns)
      let variance = line.reduce(0) { $0 + ($1 - m) * ($1 - m) } / Double(columns)
      for (column, x) in line.enumerated() {
        let expected = (x - m) / (variance + 1e-5).squareRoot() * w[column] + b[column]
        #expect(abs(y[row * columns + column] - expected) < 1e-12)
      }
    }
    var dx = [Double](repeating: 0.5, count: n), dw = [Double](repeating: 0.25, count: columns)
    k_layer_norm_backward_f64(&dx, u, x, w, mean, rstd, size.0, size.1, 0)
    k_layer_norm_weight_backward_f64(&dw, u, x, mean, rstd, size.0, size.1, 0, size.1, 1)
    differences.check(x, u: u, gradient: dx) { forward($0, w) }
    differences.check(w, u: u, gradient: dw.map { $0 - 0.25 }) { forward(x, $0) }
    var twice = dx
    k_layer_norm_backward_f64(&twice, u, x, w, mean, rstd, size.0, size.1, 1)
    expectClose(twice, dx.map { 2 * $0 }, atol: 1e-12, rtol: 0)
  }

  @Test func gelu() {
    let x = Self.numbers(41, 35).map { $0 * 6 } + [0], u = Self.numbers(42, 36)
    func forward(_ x: [Double]) -> [Double] {
      var y = x
      k_gelu_f64(&y, x, Int64(x.count))
      return y
    }
    for (x, y) in zip(x, forward(x)) {
      #expect(abs(y - x * (1 + erf(x / 2.0.squareRoot())) / 2) < 1e-14)
    }
    var dx = [Double](repeating: 0.5, count: x.count)
    k_gelu_backward_f64(&dx, u, x, Int64(x.count), 0)
    differences.check(x, u: u, gradient: dx, forward)
    var twice = dx
    k_gelu_backward_f64(&twice, u, x, Int64(x.count), 1)
    expectClose(twice, dx.map { 2 * $0 }, atol: 1e-12, rtol: 0)
  }

  @Test(arguments: [(5, 1, 5), (6, 2, 3), (7, 2, 3), (1, 1, 1), (9, 1, 6)])
  func windows(rows: Int, stride: Int, count: Int) {
    let columns = 3, x = Self.numbers(rows * columns, 37)
    let size = (Int64(rows), Int64(columns), Int64(stride))
    func unfolded(_ x: [Double]) -> [Double] {
      var y = [Double](repeating: .nan, count: count * columns * 3)
      // In two pieces, as threads would take it.
      let half = count / 2
      k_unfold_f64(&y, x, size.0, size.1, size.2, 0, Int64(half))
      y.withUnsafeMutableBufferPointer {
        k_unfold_f64(
          $0.baseAddress! + half * columns * 3, x, size.0, size.1, size.2, Int64(half),
          Int64(count))
      }
      return y
    }
    let y = unfolded(x)
    for index in y.indices {
      let row = stride * (index / (3 * columns)) + index % 3 - 1, channel = index / 3 % columns
      #expect(y[index] == (row >= 0 && row < rows ? x[row * columns + channel] : 0))
    }
    let u = Self.numbers(y.count, 38)
    var dx = [Double](repeating: .nan, count: x.count)
    let middle = Int64(rows / 2)
    k_fold_f64(&dx, u, Int64(count), size.1, size.2, 0, middle, 0)
    k_fold_f64(&dx, u, Int64(count), size.1, size.2, middle, size.0, 0)
    differences.check(x, u: u, gradient: dx, unfolded)
    var twice = dx
    k_fold_f64(&twice, u, Int64(count), size.1, size.2, 0, size.0, 1)
    expectClose(twice, dx.map { 2 * $0 }, atol: 1e-12, rtol: 0)
  }

  @Test(arguments: InstructionSetTests.sets.map(\.rawValue))
  func instructionSetsAgreeWithDouble(set: UInt32) throws {
    let old = k_current_instruction_set()
    try #require(k_use_instruction_set(k_instruction_set(set)) == 1)
    defer { _ = k_use_instruction_set(old) }
    let n = 4001, x = (0..<n).map { Float($0 - 2000) / 150 }
    let u = [Float](repeating: 1, count: n)
    var y = u, slope = u
    k_gelu_f32(&y, x, Int64(n))
    k_gelu_backward_f32(&slope, u, x, Int64(n), 0)
    for index in 0..<n {
      let x = Double(x[index]), phi = erfc(-x / 2.0.squareRoot()) / 2
      let expected = phi + x * exp(-x * x / 2) / (2 * Double.pi).squareRoot()
      #expect(abs(Double(y[index]) - x * phi) <= 3e-6 * abs(x * phi) + 1e-30)
      #expect(abs(Double(slope[index]) - expected) <= 6e-7)
    }
    let rows = 5, columns = 131, size = (Int64(rows), Int64(columns))
    let values = Self.numbers(rows * columns, 39).map { Float($0) + 3 }
    let w = Self.numbers(columns, 40).map(Float.init)
    var z = values, mean = [Float](repeating: 0, count: rows), rstd = mean
    k_layer_norm_f32(&z, &mean, &rstd, values, w, w, size.0, size.1, 1e-5)
    var exact = values.map(Double.init), exactMean = mean.map(Double.init), exactRstd = exactMean
    let exactX = exact, exactW = w.map(Double.init)
    k_layer_norm_f64(
      &exact, &exactMean, &exactRstd, exactX, exactW, exactW, size.0, size.1, 1e-5)
    expectClose(z, exact, atol: 4e-6, rtol: 0)
  }
}
