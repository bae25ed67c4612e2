import TaskKit

/// 95 % intervals by resampling clusters (Efron 1979): turns of one dialogue are not independent,
/// so whole dialogues are drawn, with replacement, domain by domain.
struct DialogueBootstrap: Sendable {
  /// Number of resamples; seed of the draws.
  var resamples = 1000, seed: UInt64 = 0

  /// The 2.5th and 97.5th percentile of each of `statistic`'s values; nil where a domain has a single
  /// dialogue: drawn again and again it would add no variance, and the interval would be too narrow.
  ///
  /// - Parameter strata: for each domain the sums of its dialogues.
  func intervals(
    _ strata: [[Scoreboard]], empty: Scoreboard, _ statistic: (Scoreboard) -> [Double]
  ) -> [(low: Double, high: Double)?] {
    var draws = SplitMix64(seed: seed)
    var columns = Array(repeating: [Double](), count: statistic(empty).count)
    let drawn = strata.filter { !$0.isEmpty }
    guard !drawn.isEmpty, drawn.allSatisfy({ $0.count > 1 }) else {
      return columns.map { _ in nil }
    }
    for _ in 0..<resamples {
      var sums = empty
      for dialogues in drawn {
        for _ in dialogues.indices { sums += dialogues[draws.index(below: dialogues.count)] }
      }
      for (column, value) in statistic(sums).enumerated() { columns[column].append(value) }
    }
    return columns.map(Bootstrap.interval)
  }
}
