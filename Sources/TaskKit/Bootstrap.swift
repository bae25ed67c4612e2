/// 95 % intervals by resampling (Efron 1979). Rows of one cluster (a user's, a clip's) are not
/// independent, so whole clusters are drawn, with replacement:
/// ```swift
/// let interval = Bootstrap(seed: seed).intervals(clusters: users.count) { drawn in
///   [accuracy(of: drawn.flatMap { users[$0] })]
/// }[0]
/// ```
public struct Bootstrap: Sendable {
  /// The number of resamples, the seed of the draws.
  public var resamples: Int, seed: UInt64

  /// Describes the resamples.
  public init(resamples: Int = 1000, seed: UInt64) {
    self.resamples = resamples
    self.seed = seed
  }

  /// The interval of each of `statistic`'s values over resamples of 0..<`clusters`; it is told which
  /// were drawn, some several times. nil for all where there are fewer than 2 clusters, and for a
  /// value that fewer than half of the resamples define.
  public func intervals(
    clusters: Int, _ statistic: (_ drawn: [Int]) -> [Double?]
  ) -> [(low: Double, high: Double)?] {
    let count = statistic(Array(0..<clusters)).count
    guard clusters >= 2 else { return Array(repeating: nil, count: count) }
    var columns = Array(repeating: [Double](), count: count)
    for resample in 0..<resamples {
      var random = RowGenerator(index: resample, epoch: 0, seed: seed)
      let drawn = (0..<clusters).map { _ in Int.random(in: 0..<clusters, using: &random) }
      for (column, value) in statistic(drawn).enumerated() {
        if let value { columns[column].append(value) }
      }
    }
    return columns.map { 2 * $0.count < resamples ? nil : Self.interval(of: $0) }
  }

  /// The 2.5th and the 97.5th percentile of `values`, at least one; linear between the neighbours, as
  /// numpy's default.
  public static func interval(of values: [Double]) -> (low: Double, high: Double) {
    let sorted = values.sorted()
    func percentile(_ share: Double) -> Double {
      let position = share * Double(sorted.count - 1), below = Int(position)
      let above = min(below + 1, sorted.count - 1)
      return sorted[below] + (position - Double(below)) * (sorted[above] - sorted[below])
    }
    return (percentile(0.025), percentile(0.975))
  }
}
