import Tasks

/// Tells of rewards that score nothing of a sampling, or of a row's options, each once: what is learnt
/// there is up to the others, or nothing.
struct SilentRewards {
  private var told: Set<String> = []

  /// What the user should know of `scored`, which are called `what`.
  mutating func notes(_ scored: [ScoredCompletion], _ what: String) -> [String] {
    guard let first = scored.first else { return [] }
    return first.outcomes.keys.compactMap { name in
      guard scored.allSatisfy({ $0.outcomes[name]?.score == nil }), told.insert(name).inserted,
        case .abstain(let reason, _)? = first.outcomes[name]
      else { return nil }
      return
        "warning: reward '\(name)' scored none of the \(scored.count) \(what): "
        + (first.errors[name] ?? reason)
    }
  }
}
