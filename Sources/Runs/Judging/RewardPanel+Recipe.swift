import Formats
import JSON
import PluginHost
import Tasks

extension RewardPanel {
  /// The recipe's rewards, opened; nil when it has none.
  public init?(_ recipe: Recipe, of task: PluginTask, in catalog: PluginCatalog) throws {
    guard !recipe.rewards.isEmpty else { return nil }
    var members: [Member] = []
    for (index, entry) in recipe.rewards.enumerated() {
      let opened = try catalog.reward(RewardRequest(entry), of: task)
      guard !members.contains(where: { $0.name == opened.name }) else {
        throw recipe.fault("rewards[\(index)]", "names the reward '\(opened.name)' a second time")
      }
      members.append(
        Member(
          name: opened.name, weight: entry.weight, path: opened.path, reward: opened.reward))
    }
    self.init(
      members, toleratesFailure: recipe.onRewardError == .abstain, isCancelled: catalog.isCancelled)
  }
}

extension RewardRequest {
  /// What an entry of the recipe asks for.
  init(_ entry: RewardRecipe) {
    self.init(
      name: entry.name, configuration: entry.configuration, isIsolated: entry.isIsolated,
      limits: WorkerLimits(timeout: .seconds(entry.timeout), memory: entry.memoryLimit.bytes))
  }
}

extension Report {
  /// Adds what the rewards said: the mean of each as `reward/NAME`, of the totals as `reward`, with
  /// 95 % intervals of the mean (normal approximation), and how many answers had no score.
  mutating func add(_ scored: [ScoredCompletion], of panel: RewardPanel) throws(TaskError) {
    guard !scored.isEmpty else { return }
    try add("reward", scored.compactMap(\.total))
    var counts: JSONValue = .emptyObject
    for member in panel.members {
      let scores = scored.compactMap { $0.outcomes[member.name]?.score }
      let failed = scored.count { $0.errors[member.name] != nil }
      try add("reward/" + member.name, scores)
      counts = counts.setting(
        member.name,
        [
          "weight": .double(member.weight), "scored": .int(scores.count),
          "abstained": .int(scored.count - scores.count - failed), "failed": .int(failed),
        ])
    }
    details = details.setting("rewards", counts)
  }

  private mutating func add(_ name: String, _ values: [Double]) throws(TaskError) {
    guard !values.isEmpty else { return }
    guard self[name] == nil else {
      throw TaskError(
        .internal,
        "the task's report has a metric '\(name)' of its own; that name belongs to the recipe's "
          + "rewards: rename the task's")
    }
    let count = Double(values.count), mean = values.reduce(0, +) / count
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(1, count - 1)
    let half = 1.96 * (variance / count).squareRoot()
    // One value has no interval, and no mean leaves the range of what was seen.
    let low = values.count > 1 ? max(mean - half, values.min() ?? mean) : nil
    let high = values.count > 1 ? min(mean + half, values.max() ?? mean) : nil
    metrics.append((name, Measure(value: mean, low: low, high: high, count: values.count)))
  }
}
