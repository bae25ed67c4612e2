import Tasks

/// Tells of rewards that score nothing of a whole sampling, each once: what a run learns is then up to
/// the others, or nothing.
struct SilentRewards {
  private var told: Set<String> = []

  /// What the user should know of the completions of step `step`.
  mutating func notes(_ scored: [ScoredCompletion], of names: [String], step: Int) -> [String] {
    guard let first = scored.first else { return [] }
    return names.compactMap { name in
      guard scored.allSatisfy({ $0.outcomes[name]?.score == nil }), told.insert(name).inserted,
        case .abstain(let reason, _)? = first.outcomes[name]
      else { return nil }
      return
        "warning: reward '\(name)' scored none of the \(scored.count) completions of step \(step): "
        + (first.errors[name] ?? reason)
    }
  }
}
