import Models
public import Tasks
import Tensors

/// A prompt and the endings to weigh after it.
public struct ChoiceQuestion: Sendable, Hashable {
  /// The prompt's ids, shared by all choices, and the clips in it.
  public var prompt: [Int32], media: [Sample.Medium]
  /// Each choice's ids.
  public var choices: [[Int32]]

  /// Creates a question.
  public init(prompt: [Int32], media: [Sample.Medium] = [], choices: [[Int32]]) {
    self.prompt = prompt
    self.media = media
    self.choices = choices
  }
}

extension CausalLanguageModel {
  /// Σ log p(token | what comes before) over each choice's tokens, natural logarithm, for each
  /// question. All questions run as one packed pass over what they do not share: clips, contexts and
  /// prompts that several begin with are computed once.
  public func scoreChoices(_ questions: [ChoiceQuestion]) throws(GenerationError) -> [[Double]] {
    try checkWrites()
    for (index, question) in questions.enumerated() {
      try check(question, name: "question \(index)")
    }
    let packing = ChoicePacking(questions, rotaryClass: rotaryClass)
    guard !packing.targets.isEmpty else { return questions.map { _ in [] } }
    var rest = logProbabilities(packing.layout, packing.rows, packing.targets).values[...]
    return questions.map { question in
      question.choices.map { choice in
        defer { rest = rest.dropFirst(choice.count) }
        return rest.prefix(choice.count).reduce(0) { $0 + Double($1) }
      }
    }
  }

  /// The same for one prompt.
  public func scoreChoices(_ prompt: [Int32], _ choices: [[Int32]]) throws(GenerationError)
    -> [Double]
  {
    try scoreChoices([ChoiceQuestion(prompt: prompt, choices: choices)])[0]
  }

  private func check(_ question: ChoiceQuestion, name: String) throws(GenerationError) {
    try check(question.prompt, name: "the prompt of \(name)")
    for (index, choice) in question.choices.enumerated() {
      try check(choice, name: "choice \(index) of \(name)")
      // The last token is only predicted, never read.
      guard question.prompt.count + choice.count - 1 <= contextLength else {
        throw GenerationError(
          .prompt,
          "choice \(index) of \(name) ends at token \(question.prompt.count + choice.count), but "
            + "the model's context is \(contextText); shorten the prompt")
      }
    }
  }
}

/// Questions laid out as one packed batch, in which what they share is read once.
struct ChoicePacking {
  let layout: PrefixTree.Layout
  /// For each token of each choice in order: the hidden state that predicts it, and its id.
  let rows: [Int], targets: [Int32]

  init(_ questions: [ChoiceQuestion], rotaryClass: (_ length: Int) -> Int = { _ in 0 }) {
    // The model must read all of a choice but its last token.
    let texts = questions.flatMap { question in
      question.choices.map { choice in
        let ids = question.prompt + choice.dropLast()
        return TextPacking.Text(
          ids, question.media, reading: ids.count, rotaryClass: rotaryClass(ids.count))
      }
    }
    let packing = TextPacking(texts), choices = questions.flatMap(\.choices)
    layout = packing.layout
    rows = zip(packing.rows, choices).flatMap { $0.suffix($1.count) }
    targets = choices.flatMap { $0 }
  }
}
