import Objectives
import Tracking

/// What a sampling looks like, under TRL's names.
struct SamplingStatistics {
  /// Groups, those whose completions are all as good, those of them that no reward has scored;
  /// completions, those that the limit ended.
  let groups: Int, evenGroups: Int, unscoredGroups: Int, completions: Int, truncated: Int
  let metrics: [Metric]

  init(
    _ groups: [SampledGroup], _ rewards: [[Double?]], _ advantages: [[Double]], names: [String]
  ) {
    let all = groups.flatMap(\.completions), cut = all.filter(\.isTruncated)
    self.groups = groups.count
    evenGroups = advantages.count { $0.allSatisfy { $0 == 0 } }
    unscoredGroups = rewards.count { $0.allSatisfy { $0 == nil } }
    completions = all.count
    truncated = cut.count
    var metrics: [Metric] = []
    func add(_ name: String, _ value: Double) { metrics.append(Metric(name, value, over: 1)) }
    func add(lengths: [Double], _ kind: String) {
      add("completions/mean_\(kind)length", Moments(lengths).mean)
      add("completions/min_\(kind)length", lengths.min() ?? 0)
      add("completions/max_\(kind)length", lengths.max() ?? 0)
    }
    add(lengths: all.map { Double($0.ids.count) }, "")
    add(lengths: all.filter { !$0.isTruncated }.map { Double($0.ids.count) }, "terminated_")
    add("completions/clipped_ratio", Double(cut.count) / Double(max(all.count, 1)))
    for (index, name) in names.enumerated() {
      let given = Moments(all.compactMap { $0.scores[index] })
      guard given.count > 0 else { continue }
      add("rewards/\(name)/mean", given.mean)
      if given.count > 1 { add("rewards/\(name)/std", given.deviation) }
    }
    let given = Moments(rewards.joined().compactMap(\.self))
    if given.count > 0 { add("reward", given.mean) }
    if given.count > 1 { add("reward_std", given.deviation) }
    add("frac_reward_zero_std", Double(evenGroups) / Double(max(groups.count, 1)))
    let silent = rewards.joined().count { $0 == nil }
    add("frac_reward_abstained", Double(silent) / Double(max(all.count, 1)))
    self.metrics = metrics
  }

  /// All rewards of the completions, whole and by their names; none of those that nobody gave.
  static func distributions(
    _ groups: [SampledGroup], _ rewards: [[Double?]], names: [String]
  ) -> [Distribution] {
    let completions = groups.flatMap(\.completions)
    let own = names.enumerated().map { index, name in
      Distribution("rewards/\(name)/values", completions.compactMap { $0.scores[index] })
    }
    let whole = Distribution("reward/values", rewards.joined().compactMap(\.self))
    return (own + [whole]).filter { !$0.values.isEmpty }
  }
}

/// Watches over the last samplings whether there is anything to learn.
struct SignalWatch {
  private var last: [SamplingStatistics] = []
  private var hasWarned = (signal: false, length: false)
  /// Samplings that are looked back on.
  private static let span = 10

  /// Adds a sampling; what the user should know by now.
  mutating func notes(adding statistics: SamplingStatistics) -> [String] {
    last = (last + [statistics]).suffix(Self.span)
    guard last.count == Self.span else { return [] }
    func share(_ part: (SamplingStatistics) -> Int, of all: (SamplingStatistics) -> Int) -> Double {
      Double(last.reduce(0) { $0 + part($1) }) / Double(max(last.reduce(0) { $0 + all($1) }, 1))
    }
    var notes: [String] = []
    // Where nothing is scored, other prompts would not help.
    let even = share({ $0.evenGroups - $0.unscoredGroups }, of: \.groups)
    let cut = share(\.truncated, of: \.completions)
    if even > 0.5, !hasWarned.signal {
      hasWarned.signal = true
      notes.append(
        "warning: over the last \(Self.span) samplings \(percent(even)) of the groups have equal "
          + "rewards and teach nothing; raise num_generations or temperature, set dynamic_sampling, or "
          + "choose prompts that are neither too easy nor too hard")
    }
    if cut > 0.5, !hasWarned.length {
      hasWarned.length = true
      notes.append(
        "warning: over the last \(Self.span) samplings \(percent(cut)) of the completions were ended by "
          + "max_completion_length; raise it, or learn the end of answers first (SFT)")
    }
    return notes
  }

  private func percent(_ share: Double) -> String { "\(Int((100 * share).rounded())) %" }
}
