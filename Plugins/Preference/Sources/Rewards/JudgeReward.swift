import TaskKit

/// Lets the run's model judge: the log-odds of "Yes" against "No" as its answer to a question about
/// the completion.
struct JudgeReward: BatchReward {
  static let name = "judge"
  static let summary =
    "A model's own log-odds that the completion is a good one, asked as Yes or No."

  struct Config: Decodable, Sendable {
    /// What is asked; `{prompt}`, `{completion}` and `{reference}` stand for the texts.
    var question: String
    /// The two answers that are weighed.
    var yes: String, no: String
    /// Who judges: the `base` model, or the `current` one, as tuned so far.
    var model: String
    /// `log_odds`, or the `probability` of the first answer among the two.
    var scale: String
  }
  static let defaults: JSON = [
    "question": .string(
      "Here is a prompt and a response to it.\n\nPrompt:\n{prompt}\n\nResponse:\n{completion}\n\n"
        + "Is the response a good one? Answer with Yes or No."),
    "yes": "Yes", "no": "No", "model": "base", "scale": "log_odds",
  ]

  enum Judge: String, CaseIterable { case base, current }
  enum Scale: String, CaseIterable { case log_odds, probability }

  private let question: [QuestionPart], yes: String, no: String
  private let variant: LanguageModel.Variant, scale: Scale, model: LanguageModel

  init(config: Config, host: HostServices) throws {
    question = QuestionPart.parts(of: config.question)
    guard question.contains(.completion) else {
      throw PluginError(
        .configuration, "'question' does not hold {completion}, so every text would score alike")
    }
    guard !config.yes.isEmpty, !config.no.isEmpty, config.yes != config.no else {
      throw PluginError(.configuration, "'yes' and 'no' must be two different texts")
    }
    (yes, no) = (config.yes, config.no)
    variant = try named(config.model, "model", Judge.self) == .base ? .base : .current
    scale = try named(config.scale, "scale")
    guard let model = host.model else {
      throw PluginError(.unsupported, "needs a model to ask, and there is none open")
    }
    self.model = model
  }

  func score(_ batch: [Completion]) throws -> [Score] {
    let asked = question.contains(.reference) ? batch.filter { $0.reference != nil } : batch
    let pairs = asked.flatMap { completion in
      let prompt = Prompt.messages([.user(question.map { $0.text(completion) }.joined())])
      return [(prompt: prompt, completion: yes), (prompt: prompt, completion: no)]
    }
    let found = pairs.isEmpty ? [] : try model.logLikelihoods(of: pairs, from: variant)
    var odds = stride(from: 0, to: found.count, by: 2).map { found[$0].sum - found[$0 + 1].sum }[
      ...]
    return batch.map { completion in
      guard !question.contains(.reference) || completion.reference != nil else {
        return .abstain(reason: "the row has no answer to hold the completion against")
      }
      let logOdds = odds.removeFirst()
      return .score(scale == .log_odds ? logOdds : Self.sigmoid(logOdds))
    }
  }

  private static func sigmoid(_ x: Double) -> Double { 1 / (1 + Exponential.of(-x)) }
}

/// A piece of a question.
private enum QuestionPart: Equatable {
  case words(String), prompt, completion, reference

  /// Cut at the places of the texts, so that what stands in a text is never a place itself.
  static func parts(of question: String) -> [QuestionPart] {
    let places: [(String, QuestionPart)] = [
      ("{prompt}", .prompt), ("{completion}", .completion), ("{reference}", .reference),
    ]
    var parts: [QuestionPart] = [], rest = question[...]
    while let next = places.compactMap({ mark, part in
      rest.places(of: mark).first.map { (place: $0, part: part) }
    }).min(by: { $0.place.lowerBound < $1.place.lowerBound }) {
      parts += [.words(String(rest[..<next.place.lowerBound])), next.part]
      rest = rest[next.place.upperBound...]
    }
    return parts + [.words(String(rest))]
  }

  func text(_ completion: Completion) -> String {
    switch self {
    case .words(let words): words
    case .prompt: completion.prompt
    case .completion: completion.text
    case .reference: completion.reference ?? ""
    }
  }
}
