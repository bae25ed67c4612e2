import TaskKit

/// 1 where the completion ends in the right number or choice, else 0. A row without a right answer,
/// or with one that cannot be read, is abstained from.
struct AnswerReward: Reward {
  static let name = "answer"
  static let summary = "1 where the completion ends in the right number or choice, else 0."

  struct Config: Decodable, Sendable {
    /// What answers are: a `number`, as in GSM8K, or a `choice` of A to E, as in ARC.
    var kind: String
    /// The column with the right answer, of which a number may stand behind `####`. Where a row has
    /// no such column, its own answer is the right one.
    var key: String
    /// Which number counts: the last one (`flexible`), or the first behind `####` (`strict`).
    var extract: String
  }
  static let defaults: JSON = ["kind": "number", "key": "answer", "extract": "flexible"]

  enum Kind: String, CaseIterable { case number, choice }
  enum Extraction: String, CaseIterable { case flexible, strict }

  private let kind: Kind, key: String, extraction: Extraction

  init(config: Config, host: HostServices) throws {
    kind = try named(config.kind, "kind")
    extraction = try named(config.extract, "extract")
    guard kind == .number || extraction == .flexible else {
      throw PluginError(.configuration, "'extract' is about numbers; leave it out for choices")
    }
    guard !config.key.isEmpty else { throw PluginError(.configuration, "'key' names no column") }
    key = config.key
  }

  func score(_ completion: Completion) throws -> Score {
    guard let right = try right(completion) else {
      return .abstain(reason: "the row has no '\(key)'")
    }
    let isRight: Bool? =
      switch kind {
      case .number: Self.number(right).map { $0 == number(completion) }
      case .choice:
        right.string.flatMap(FinalChoice.letter(reference:)).map {
          $0 == FinalChoice.letter(in: completion.finalAnswer)
        }
      }
    guard let isRight else {
      let wanted = kind == .number ? "a number" : "a letter A to E"
      let isOwn = (try completion.metadata[key] ?? .null) == .null
      let what = isOwn ? "the row's own answer" : "'\(key)'"
      return .abstain(reason: "\(what) is not \(wanted)")
    }
    return isRight ? 1 : 0
  }

  /// What the row says is right; nil where it does not.
  private func right(_ completion: Completion) throws -> JSON? {
    if let column = try completion.metadata[key], column != .null { return column }
    return completion.reference.map(JSON.string)
  }

  private func number(_ completion: Completion) -> Double? {
    let text = completion.finalAnswer
    let found =
      extraction == .strict ? FinalNumber.marked(in: text) : FinalNumber.last(in: text)
    return found?.value
  }

  private static func number(_ right: JSON) -> Double? {
    right.double ?? right.string.flatMap { FinalNumber(reference: $0).value }
  }
}
