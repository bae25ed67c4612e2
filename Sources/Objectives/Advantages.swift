public import Formats

/// How much better each sampled completion is than it could be expected to be: its reward less a
/// baseline, divided by a spread (Shao et al. 2024, section 4.1).
public struct Advantages: Sendable, Hashable {
  /// What rewards are compared with, and the spread that the difference is divided by.
  public var estimator: GRPORecipe.Estimator, scale: GRPORecipe.Scale
  /// Added to the spread, as in TRL.
  static let epsilon = 1e-4
  /// A spread below this is none.
  static let noSpread = 1e-8

  /// Rewards less what `estimator` expects, over the spread that `scale` says.
  public init(_ estimator: GRPORecipe.Estimator = .grpo, scale: GRPORecipe.Scale = .group) {
    self.estimator = estimator
    self.scale = scale
  }

  /// The advantages of groups of completions, by their rewards. A completion without a reward takes no
  /// part in means and spreads, and its advantage is 0; so is that of a whole group without spread.
  public func callAsFunction(_ groups: [[Double?]]) -> [[Double]] {
    let all = Moments(groups.joined().compactMap(\.self))
    return groups.map { group in
      let own = Moments(group.compactMap(\.self))
      // What is compared with all is measured by the spread of all: a group may have none.
      let spread = scale == .batch || estimator == .reinforcePlusPlus ? all : own
      let isEven = estimator == .reinforcePlusPlus ? all.isEven : own.isEven
      return group.map { reward in
        guard let reward, !isEven else { return 0 }
        let difference = reward - baseline(of: reward, own, all)
        return scale == .none ? difference : difference / (spread.deviation + Self.epsilon)
      }
    }
  }

  private func baseline(of reward: Double, _ group: Moments, _ all: Moments) -> Double {
    switch estimator {
    case .grpo: group.mean
    case .rloo: (group.mean * group.count - reward) / (group.count - 1)
    case .reinforcePlusPlus: all.mean
    }
  }

  /// Each completion's reward: the weighted sum of what rewards say, `scores[completion][reward]`. A
  /// reward that abstains beside others that do not counts as the mean of its group, so that it moves
  /// nothing; nil where all abstain.
  public static func rewards(_ scores: [[Double?]], weights: [Double]) -> [Double?] {
    let means = weights.indices.map { reward in
      let given = scores.compactMap { $0[reward] }
      return given.isEmpty ? 0 : given.reduce(0, +) / Double(given.count)
    }
    return scores.map { scores in
      guard scores.contains(where: { $0 != nil }) else { return nil }
      return zip(zip(scores, means), weights).reduce(0) { $0 + $1.1 * ($1.0.0 ?? $1.0.1) }
    }
  }
}

/// Mean and standard deviation (n − 1) of numbers.
public struct Moments: Sendable, Hashable {
  /// How many numbers; their mean; their standard deviation, 0 of fewer than two.
  public var count = 0.0, mean = 0.0, deviation = 0.0

  /// Those of `values`.
  public init(_ values: [Double]) {
    guard !values.isEmpty else { return }
    count = Double(values.count)
    mean = values.reduce(0, +) / count
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    deviation = (squares / max(count - 1, 1)).squareRoot()
  }

  /// Whether the numbers are all alike.
  public var isEven: Bool { deviation < Advantages.noSpread }
}
