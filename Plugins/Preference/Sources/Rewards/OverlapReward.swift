import TaskKit

/// How far a completion agrees with a reference answer.
struct OverlapReward: Reward {
  static let name = "overlap"
  static let summary = "ROUGE-L, word F1 or equality with the row's own answer or a column."

  struct Config: Decodable, Sendable {
    /// `rouge_l` (F of the longest common subsequence of words), `token_f1` (F of words, in any
    /// order) or `exact_match`.
    var measure: String
    /// The column with the reference; left out: the row's own answer.
    var key: String?
  }
  static let defaults: JSON = ["measure": "rouge_l"]

  enum Measure: String, CaseIterable { case rouge_l, token_f1, exact_match }

  private let measure: Measure, key: String?

  init(config: Config, host: HostServices) throws {
    measure = try named(config.measure, "measure")
    guard config.key != "" else { throw PluginError(.configuration, "'key' names no column") }
    key = config.key
  }

  func score(_ completion: Completion) throws -> Score {
    guard let reference = try reference(completion) else {
      return .abstain(reason: key.map { "the row has no text '\($0)'" } ?? "the row has no answer")
    }
    let overlap = AnswerOverlap(answer: completion.finalAnswer, reference: reference)
    switch measure {
    case .rouge_l: return .score(overlap.rougeL)
    case .token_f1: return .score(overlap.tokenF1)
    case .exact_match: return .score(overlap.exactMatch)
    }
  }

  private func reference(_ completion: Completion) throws -> String? {
    guard let key else { return completion.reference }
    return try completion.metadata[key]?.string
  }
}
