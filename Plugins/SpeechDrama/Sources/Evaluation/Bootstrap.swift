import TaskKit

/// 95 % intervals by resampling clips (Efron 1979): what is asked about one clip is not
/// independent, so whole clips are drawn, with replacement.
struct Bootstrap: Sendable {
  /// Number of resamples; seed of the draws.
  var resamples: Int, seed: UInt64

  /// Of fewer resamples the percentiles would be coarse; more would cost without telling more.
  static let most = 1000, least = 100

  /// As many resamples as a second or two allows for `questions` questions.
  init(questions: Int, seed: UInt64) {
    resamples = min(Self.most, max(Self.least, 400_000 / max(1, questions)))
    self.seed = seed
  }

  /// The 2.5th and 97.5th percentile of each of `statistic`'s values over resamples of
  /// 0..<`clips`. Nil for all where there are fewer than 2 clips, and for one that fewer than half
  /// of the resamples define.
  func intervals(
    clips: Int, _ statistic: ([Int]) -> [Double?]
  ) -> [(low: Double, high: Double)?] {
    let count = statistic(Array(0..<clips)).count
    guard clips >= 2 else { return Array(repeating: nil, count: count) }
    var columns = Array(repeating: [Double](), count: count)
    for resample in 0..<resamples {
      var random = RowGenerator(index: resample, epoch: 0, seed: seed)
      let drawn = (0..<clips).map { _ in Int.random(in: 0..<clips, using: &random) }
      for (column, value) in statistic(drawn).enumerated() {
        if let value { columns[column].append(value) }
      }
    }
    return columns.map { column in
      guard 2 * column.count >= resamples else { return nil }
      let sorted = column.sorted()
      return (Self.percentile(0.025, of: sorted), Self.percentile(0.975, of: sorted))
    }
  }

  /// Linear between the neighbours, as numpy's default.
  static func percentile(_ share: Double, of sorted: [Double]) -> Double {
    let position = share * Double(sorted.count - 1), below = Int(position)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + (position - Double(below)) * (sorted[above] - sorted[below])
  }
}
