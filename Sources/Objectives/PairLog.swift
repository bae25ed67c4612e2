/// What is logged of pairs, by TRL's names.
struct PairLog {
  private var rewards = (chosen: 0.0, rejected: 0.0), hits = 0.0
  private var logProbabilities = (chosen: 0.0, rejected: 0.0)
  /// Pairs so far.
  private(set) var count = 0.0

  /// Adds a pair: its rewards, and the log-probabilities of its answers.
  mutating func append(
    _ rewards: (chosen: Double, rejected: Double), _ chosen: Double, _ rejected: Double
  ) {
    self.rewards.chosen += rewards.chosen
    self.rewards.rejected += rewards.rejected
    logProbabilities.chosen += chosen
    logProbabilities.rejected += rejected
    hits += rewards.chosen > rewards.rejected ? 1 : 0
    count += 1
  }

  var metrics: [Metric] {
    [
      Metric("rewards/chosen", rewards.chosen, over: count),
      Metric("rewards/rejected", rewards.rejected, over: count),
      Metric("rewards/accuracies", hits, over: count),
      Metric("rewards/margins", rewards.chosen - rewards.rejected, over: count),
      Metric("logps/chosen", logProbabilities.chosen, over: count),
      Metric("logps/rejected", logProbabilities.rejected, over: count),
    ]
  }
}
