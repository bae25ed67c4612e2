/// How the ratings of several annotators become a target.
enum Annotators: String, CaseIterable, Sendable {
  /// One annotator's rating, drawn anew for each (seed, epoch, row).
  case draw
  /// The mean, rounded; halves away from zero (3.5 → 4).
  case mean
  /// The most frequent rating; of several the one nearest to the mean, of two as near the higher.
  case majority
  /// The distribution: each score's share of the annotators.
  case soft

  /// The probability of each score from `dimension.low` to `dimension.high`. `ratings` holds the
  /// ratings that were given, at least one; a rating between two scores is rounded as the mean is.
  func weights(
    _ ratings: [Double], of dimension: Dimension, using random: inout some RandomNumberGenerator
  ) -> [Float] {
    let scores = ratings.map { Int($0.rounded()) }
    let mean = ratings.reduce(0, +) / Double(ratings.count)
    switch self {
    case .draw: return Self.oneHot(scores.randomElement(using: &random)!, of: dimension)
    case .mean: return Self.oneHot(Int(mean.rounded()), of: dimension)
    case .majority: return Self.oneHot(Self.mode(scores, mean: mean), of: dimension)
    case .soft:
      return (dimension.low...dimension.high).map { score in
        Float(scores.count { $0 == score }) / Float(scores.count)
      }
    }
  }

  private static func mode(_ scores: [Int], mean: Double) -> Int {
    let counts = Dictionary(grouping: scores, by: \.self).mapValues(\.count)
    let most = counts.values.max()
    let candidates = counts.filter { $0.value == most }.keys.sorted(by: >)
    return candidates.min { abs(Double($0) - mean) < abs(Double($1) - mean) }!
  }

  private static func oneHot(_ score: Int, of dimension: Dimension) -> [Float] {
    (dimension.low...dimension.high).map { $0 == score ? 1 : 0 }
  }
}
