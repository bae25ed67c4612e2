import TaskKit

/// What the report's `combined_score` is for one answer: the mean of domain, slot and quality, the
/// quality that of coherence, relevance and helpfulness; each a component.
struct DialogueReward: Reward {
  static let name = "hri_dialogue.answer"
  static let summary = "The report's combined score, of one answer; its parts as components."

  init(config: NoConfig, host: HostServices) {}

  func score(_ completion: Completion) throws -> Score {
    guard let reference = completion.reference else {
      return .abstain(reason: "the row has no answer to compare with")
    }
    let metadata = try completion.metadata
    guard metadata["domain"] != nil else {
      return .abstain(reason: "the row is no turn of a dialogue: its metadata has no 'domain'")
    }
    let row: RowMetadata = try metadata.decoded()
    let metrics = AnswerMetrics(
      answer: completion.text, reference: reference, user: row.user,
      keySlots: row.slots.key(of: row.domain))
    let quality = (metrics.coherence + metrics.relevance + metrics.helpfulness) / 3
    return .score(
      (metrics.domain + metrics.slot + quality) / 3,
      components: [
        "domain": metrics.domain, "slot": metrics.slot, "coherence": metrics.coherence,
        "relevance": metrics.relevance, "helpfulness": metrics.helpfulness,
      ])
  }
}
