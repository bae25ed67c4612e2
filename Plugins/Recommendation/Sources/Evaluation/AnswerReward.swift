import TaskKit

/// Whether an answer says what the user thought of the movie, as the report's accuracy counts it.
struct AnswerReward: Reward {
  static let name = "recommendation.answer"
  static let summary = "1 for the right one of Yes and No, else 0."

  init(config: NoConfig, host: HostServices) {}

  func score(_ completion: Completion) throws -> Score {
    let metadata = try completion.metadata
    guard metadata["label"] != nil else {
      return .abstain(reason: "the row's metadata has no 'label', Yes or No")
    }
    let row: RowMetadata = try metadata.decoded()
    guard let said = AnswerText(completion.text).answer else {
      return .score(0, components: ["answered": 0])
    }
    let isRight = said == (row.label == PromptBuilder.answers[0])
    return .score(isRight ? 1 : 0, components: ["answered": 1])
  }
}
