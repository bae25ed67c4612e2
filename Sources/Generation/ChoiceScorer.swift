import Models
import Tensors

/// A prompt and the endings to weigh after it.
public struct ChoiceQuestion: Sendable, Hashable {
  /// The prompt's ids, shared by all choices.
  public var prompt: [Int32]
  /// Each choice's ids.
  public var choices: [[Int32]]

  /// Creates a question.
  public init(prompt: [Int32], choices: [[Int32]]) {
    self.prompt = prompt
    self.choices = choices
  }
}

extension CausalLanguageModel {
  /// Σ log p(token | what comes before) over each choice's tokens, natural logarithm, for each
  /// question. All questions run as one packed pass.
  public func scoreChoices(_ questions: [ChoiceQuestion]) throws(GenerationError) -> [[Double]] {
    var packing = ChoicePacking()
    for (index, question) in questions.enumerated() {
      try check(question, name: "question \(index)")
      packing.add(question)
    }
    guard !packing.targets.isEmpty else { return questions.map { _ in [] } }
    let logProbabilities = Recording.off {
      let hidden = hidden(packing.ids, Segments(lengths: packing.lengths))
      return Tensors.logProbabilities(
        selectRows(hidden, packing.rows), head.weight, targets: packing.targets)
    }
    var rest = logProbabilities[...]
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
      guard question.prompt.count + choice.count - 1 <= config.maximumPositions else {
        throw GenerationError(
          .prompt,
          "choice \(index) of \(name) ends at token \(question.prompt.count + choice.count), but "
            + "the model's context is \(config.maximumPositions); shorten the prompt")
      }
    }
  }
}

/// Questions laid out as one packed batch.
struct ChoicePacking {
  private(set) var ids: [Int32] = [], lengths: [Int] = []
  /// For each token of each choice in order: the hidden state that predicts it, and its id.
  private(set) var rows: [Int] = [], targets: [Int32] = []

  /// Adds a question. The model must read all of a choice but its last token. Choices whose read part
  /// begins another's share that segment, so that all single-token choices cost one prompt.
  mutating func add(_ question: ChoiceQuestion) {
    var segments: [(read: ArraySlice<Int32>, start: Int)] = []
    let longestFirst = question.choices.map { $0.dropLast() }.sorted { $0.count > $1.count }
    for read in longestFirst where !segments.contains(where: { $0.read.starts(with: read) }) {
      segments.append((read, ids.count))
      ids += question.prompt + read
      lengths.append(question.prompt.count + read.count)
    }
    for choice in question.choices {
      guard let segment = segments.first(where: { $0.read.starts(with: choice.dropLast()) }) else {
        continue
      }
      let first = segment.start + question.prompt.count - 1
      rows += first..<first + choice.count
      targets += choice
    }
  }
}
