public import Adapters
import Evaluation
import Generation
public import Models
public import Tasks

/// How likely texts are under the model that a run compares with: Σ log p over each one's trained
/// tokens.
public typealias ReferenceLikelihoods = ([Sample]) throws -> [Double]

// How likely a model finds the answers that rows hold.
extension Judge {
  /// The reference that a model is without its adapters.
  public static func reference(
    _ model: CausalLanguageModel, without adapters: AdapterSet
  ) -> ReferenceLikelihoods {
    { texts in try adapters.withoutAdapters { try model.logLikelihoods(of: texts) } }
  }

  /// The texts of the answers that the rows hold, each with its prompt.
  private func texts(_ questions: [Question]) throws -> [[Sample]] {
    try questions.map { question in
      try session.encoder.samples(
        question.example, turns: session.assistantTurns, kind: question.example.kind,
        label: label(question)
      ).map(\.sample)
    }
  }

  /// What a reward model scores the answers that the rows hold.
  func scores(_ questions: [Question], _ model: CausalLanguageModel) throws -> [[Double]] {
    let texts = try texts(questions)
    var scores = try model.scores(of: Array(texts.joined()))[...]
    return texts.map { texts in
      defer { scores = scores.dropFirst(texts.count) }
      return Array(scores.prefix(texts.count))
    }
  }

  /// Log-likelihoods of the answers that the rows hold, then those under the reference model.
  func weigh(
    _ questions: [Question], _ model: CausalLanguageModel, _ reference: ReferenceLikelihoods?
  ) throws -> [[Double]] {
    let texts = try texts(questions)
    let all = Array(texts.joined())
    guard !all.isEmpty else { return texts.map { _ in [] } }
    var own = try model.logLikelihoods(of: all)[...]
    var theirs = try reference?(all)[...]
    return texts.map { texts in
      defer {
        own = own.dropFirst(texts.count)
        theirs = theirs?.dropFirst(texts.count)
      }
      return Array(own.prefix(texts.count)) + (theirs?.prefix(texts.count) ?? [])
    }
  }

  /// Log-likelihoods of each row's choices, as its answers; or at each place of a choice inside its
  /// answer, filled from left to right with the model's own likeliest choice.
  func choose(_ questions: [Question], _ model: CausalLanguageModel) throws -> [[Double]] {
    var texts = try questions.map { question in
      question.example.places.isEmpty
        ? try session.encoder.prompt(question.example, label: label(question))
        : try session.encoder.sample(question.example, label: label(question))
    }
    var scores = questions.map { _ in [Double]() }
    for turn in 0..<(questions.map { max(1, $0.example.places.count) }.max() ?? 0) {
      let asked = questions.indices.filter { turn < max(1, questions[$0].example.places.count) }
      let batch = try asked.map { index -> ChoiceQuestion in
        let text = texts[index]
        guard turn < text.choices.count else {
          return ChoiceQuestion(
            prompt: text.ids, media: text.media,
            choices: try session.encoder.choices(
              questions[index].example, label: label(questions[index])))
        }
        let prefix = text.prefix(text.choices[turn].place)
        return ChoiceQuestion(
          prompt: prefix.ids, media: prefix.media, choices: text.choices[turn].ids.map { [$0] })
      }
      for (index, found) in zip(asked, try model.scoreChoices(batch)) {
        scores[index] += found
        guard turn < texts[index].choices.count else { continue }
        let place = texts[index].choices[turn]
        let best = found.indices.reduce(0) { found[$1] > found[$0] ? $1 : $0 }
        texts[index].ids[place.place] = place.ids[best]
      }
    }
    return scores
  }
}

extension TaskSession {
  /// Whether there is anything to judge: answers that the model writes, or such as are weighed.
  var judges: Bool { recipe.evaluation.generates && !givesScores || rowKind.isWeighed }
}

extension RowKind {
  /// Whether such rows hold answers to be weighed: those of a pair, or one with a label.
  var isWeighed: Bool { self == .pairs || self == .labels }
}
