import CKernels
import TestSupport
import Testing

@testable import Tensors

/// Operations that methods of adapters need: kernels in double against differences, the rest against laws.
@Suite struct AdapterOperationTests {
  private func random(_ rows: Int, _ columns: Int, _ salt: UInt64) -> Tensor {
    let random = Random(seed: salt)
    return Tensor(
      rows: rows, columns: columns,
      values: (0..<rows * columns).map { Float(random.normal($0)) })
  }

  @Test(arguments: [(3, 16), (2, 37), (1, 1)]) func columnsAreScaled(rows: Int, columns: Int) {
    let n = rows * columns, size = (Int64(rows), Int64(columns))
    let x = KernelGradientTests.numbers(n, 1), f = KernelGradientTests.numbers(columns, 2)
    let u = KernelGradientTests.numbers(n, 3)
    func forward(_ x: [Double], _ f: [Double]) -> [Double] {
      var y = [Double](repeating: 0, count: n)
      k_scale_columns_f64(&y, x, f, size.0, size.1, 0)
      return y
    }
    var dx = [Double](repeating: 0.5, count: n), df = [Double](repeating: 0.25, count: columns)
    k_scale_columns_f64(&dx, u, f, size.0, size.1, 1)
    k_column_dots_f64(&df, u, x, size.0, size.1, 0, size.1, 0)
    let test = KernelGradientTests()
    test.check(x, u: u, gradient: dx.map { $0 - 0.5 }) { forward($0, f) }
    test.check(f, u: u, gradient: df) { forward(x, $0) }
  }

  /// d(Σ y · u)/dx of an operation, against differences.
  private func check(
    _ x: Tensor, within tolerance: Double = 2e-2, _ forward: (Tensor) -> Tensor,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let leaf = x.asLeaf(), y = forward(leaf)
    let u = random(y.rows, y.columns, 99)
    var gradients = Gradients()
    y.backward(from: u, into: &gradients)
    let gradient = try #require(leaf.slot.flatMap { gradients[$0] }).values
    func value(_ values: [Float]) -> Double {
      let y = forward(Tensor(rows: x.rows, columns: x.columns, values: values))
      return zip(y.values, u.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
    let step: Float = 1e-2
    for index in stride(from: 0, to: x.count, by: max(1, x.count / 7)) {
      var plus = x.values, minus = x.values
      plus[index] += step
      minus[index] -= step
      let expected = (value(plus) - value(minus)) / Double(2 * step)
      #expect(
        abs(expected - Double(gradient[index])) < tolerance * max(1, abs(expected)),
        "element \(index)", sourceLocation: sourceLocation)
    }
  }

  @Test func gradientsAreDifferences() throws {
    let x = random(4, 6, 1), v = random(1, 6, 2), e = random(4, 1, 3), b = random(1, 6, 4)
    let n = Tensor(rows: 1, columns: 6, values: [1, 2, 0.5, 3, 1.5, 0.7])
    try check(x) { scaleColumns($0, by: v, over: n, plus: b) }
    try check(v) { scaleColumns(x, by: $0, over: n, plus: b) }
    try check(b) { scaleColumns(x, by: v, over: n, plus: $0) }
    try check(x) { scaleRows($0, by: e) }
    try check(e) { scaleRows(x, by: $0) }
    try check(x) { orthogonality($0, ofRows: true) }
    try check(x) { orthogonality($0, ofRows: false) }
    try check(x) { selectColumns($0, [5, 0, 5]) }
    try check(x) { sideBySide($0, e) }
    try check(e) { sideBySide(x, $0) }
    let w = Weight.tensor(random(5, 6, 5)), a = random(2, 6, 6), c = random(5, 2, 7)
    try check(a) { lowRankSum(w, $0, c, scale: 0.7) }
    try check(c) { lowRankSum(w, a, $0, scale: 0.7) }
    let dropout = Dropout(rate: 0.4, random: Random(seed: 1))
    try check(x) { drop($0, dropout) }
  }

  @Test func normsOfRowsAreThoseOfTheSum() {
    let w = Weight.tensor(random(5, 12, 1)), a = random(3, 12, 2), b = random(5, 3, 3)
    let norms = w.rowNorms(plus: a, b, scale: 0.5, squares: w.rowSquares)
    let sum = w.adding(b, a, scale: 0.5)
    let expected = (0..<5).map { sum.row($0).reduce(0.0) { $0 + Double($1 * $1) }.squareRoot() }
    expectClose(norms.values.map(Double.init), expected, atol: 1e-5, rtol: 1e-5)
  }

  /// Of a matrix of rank 3 three singular values are all there are, and give it back.
  @Test(arguments: [nil, 4] as [Int?]) func singularValuesGiveTheMatrixBack(iterations: Int?) {
    let a = random(3, 40, 1), b = random(30, 3, 2)
    let w = Weight.tensor(project(b, .tensor(a.transposed())))
    let found = w.leadingSingular(3, iterations: iterations, Random(seed: 5))
    let values = Tensor(rows: 3, columns: 1, values: found.values.map { Float($0) })
    let back = project(
      found.left.transposed(), .tensor(scaleRows(found.right, by: values).transposed()))
    expectClose(back.values, w.tensor().values, atol: 1e-4, rtol: 1e-4)
    #expect(found.values == found.values.sorted(by: >))
    let (q, r) = w.leadingQR(3)
    let again = project(q, .tensor(r.transposed()))
    expectClose(again.values, w.tensor().values, atol: 1e-4, rtol: 1e-4)
  }

  /// Zhang et al. 2023, eqs. 9 and 10, by hand.
  @Test func sensitivitiesAreSmoothed() {
    func tensor(_ value: Float) -> Tensor { Tensor(rows: 1, columns: 1, values: [value]) }
    let mean = tensor(0.5), deviation = tensor(0.25)
    smoothSensitivity(
      mean, deviation, of: tensor(-2), tensor(3), scale: 0.5, beta1: 0.8, beta2: 0.6)
    // |−2 · 0.5 · 3| = 3; 0.8 · 0.5 + 0.2 · 3 = 1; 0.6 · 0.25 + 0.4 · |3 − 1| = 0.95.
    expectClose(mean.values + deviation.values, [1, 0.95] as [Float], atol: 1e-6, rtol: 0)
  }
}
