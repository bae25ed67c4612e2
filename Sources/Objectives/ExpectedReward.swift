public import Tasks

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The reward that an answer from a closed set earns on average, Σ π(k) · R(k), to be as great as
/// possible. Where the answers can be counted nothing need be sampled: the gradient π(k) · (R(k) − J) is
/// exact. π is the model's choice among the set. Mean over the places that are chosen at.
public struct ExpectedReward: Objective {
  /// An objective over whatever choices rows have.
  public init() {}

  /// Texts with choices.
  public var rows: RowKind { .texts }
  /// It compares with nothing.
  public var usesReference: Bool { false }

  /// Places whose options have rewards.
  public func weight(of batch: Batch) -> Double {
    Double(batch.choices.count { $0.rewards.contains { $0 != nil } })
  }

  /// Whether no option is better than another.
  public func isSilent(_ batch: Batch) -> Bool {
    batch.choices.allSatisfy { Moments($0.rewards.compactMap(\.self)).isEven }
  }

  /// The sum over the batch, and its derivative.
  public func callAsFunction(_ policy: [Float], _: [Float]?, _ batch: Batch) -> Loss {
    var total = 0.0, entropy = 0.0, best = 0.0, derivative = batch.zeros
    for choice in batch.choices where choice.rewards.contains(where: { $0 != nil }) {
      let scores = choice.options.map { $0.reduce(0) { $0 + Double(policy[$1]) } }
      let shares = softmax(scores)
      // An option without a reward stands aside: the others share what they have together.
      let known = choice.rewards.indices.filter { choice.rewards[$0] != nil }
      let rewards = choice.rewards.compactMap(\.self), own = softmax(known.map { scores[$0] })
      let expected = zip(own, rewards).reduce(0) { $0 + $1.0 * $1.1 }
      for (option, (share, reward)) in zip(known, zip(own, rewards)) {
        for place in choice.options[option] {
          derivative[place] -= Float(share * (reward - expected))
        }
      }
      total += expected
      entropy -= shares.reduce(0) { $0 + ($1 > 0 ? $1 * log($1) : 0) }
      best += rewards.max() ?? 0
    }
    let places = weight(of: batch)
    return Loss(
      value: -total, derivative: derivative,
      metrics: [
        Metric("reward", total, over: places), Metric("reward_ceiling", best, over: places),
        Metric("entropy", entropy, over: places),
      ])
  }

  private func softmax(_ scores: [Double]) -> [Double] {
    let most = scores.max() ?? 0, weights = scores.map { exp($0 - most) }
    let sum = weights.reduce(0, +)
    return weights.map { $0 / sum }
  }
}
