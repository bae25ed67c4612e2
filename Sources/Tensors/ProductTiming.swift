/// The two products of a projection, to be timed: y [rows, n] = x [rows, k] · Wᵀ for W [n, k], and
/// dx = dy · W.
public struct ProductTiming {
  /// Which of the two.
  public enum Way: String, Sendable, CaseIterable { case forward, backward }

  private let x: Tensor, y: Tensor, dx: Tensor, dy: Tensor, weight: Weight

  /// Products of `rows` random rows with `weight`.
  public init(rows: Int, weight: Weight) {
    self.weight = weight
    x = Self.tensor(rows, weight.columns)
    dy = Self.tensor(rows, weight.rows)
    (y, dx) = (Tensor(rows, weight.rows), Tensor(rows, weight.columns))
  }

  /// GFLOP/s of one product, or of as many as fill a millisecond.
  public func rate(_ way: Way, by engine: GemmEngine) -> Double {
    let clock = ContinuousClock(), start = clock.now
    var runs = 0.0, time = Duration.zero
    while time < .milliseconds(1) {
      run(way, engine)
      runs += 1
      time = clock.now - start
    }
    return 2 * Double(x.rows) * Double(x.columns) * Double(y.columns) * runs / (time / .seconds(1))
      / 1e9
  }

  private func run(_ way: Way, _ engine: GemmEngine) {
    switch (way, engine) {
    case (.forward, .packed) where x.rows <= FewRows.most: FewRows.product(y, x, weight)
    case (.forward, _):
      Gemm.sum(y.start, [Gemm.Term(Gemm.Left(x), weight, isTransposed: true)], by: engine)
    case (.backward, _): Gemm.sum(dx.start, [Gemm.Term(Gemm.Left(dy), weight)], by: engine)
    }
  }

  /// Numbers between -0.5 and 0.5; they repeat, since making them takes longer than a product.
  private static func tensor(_ rows: Int, _ columns: Int) -> Tensor {
    let random = Random(seed: 1), result = Tensor(rows, columns)
    let some = (0..<4093).map { Float(random.uniform($0)) - 0.5 }
    for index in 0..<result.count { result.start[index] = some[index % some.count] }
    return result
  }
}
