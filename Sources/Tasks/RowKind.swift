/// What an objective asks of rows, and what a row is.
public enum RowKind: String, Sendable, CaseIterable {
  /// Conversations whose answers are learnt.
  case texts
  /// Prompts, each with a chosen and a rejected answer.
  case pairs
  /// Conversations of whose answer the row says whether it is a wanted one.
  case labels
  /// Prompts that end before the assistant's turn.
  case prompts

  /// One such row, in words.
  public var row: String {
    switch self {
    case .texts: "a single text"
    case .pairs: "a preference pair"
    case .labels: "an answer with a label"
    case .prompts: "a prompt without an answer"
    }
  }

  /// Several such rows, in words.
  public var rows: String {
    switch self {
    case .texts: "single texts"
    case .pairs: "preference pairs"
    case .labels: "answers with labels"
    case .prompts: "prompts without answers"
    }
  }

  /// How to learn such a row.
  var advice: String {
    switch self {
    case .texts: "set objective.type: sft"
    case .pairs: "set objective.type: dpo"
    case .labels: "set objective.type: kto"
    case .prompts: "add the answer or leave the row out"
    }
  }
}

extension Example {
  /// Whether the row is a preference pair.
  public var isPair: Bool { !chosen.isEmpty || !rejected.isEmpty }

  /// What the row is.
  public var kind: RowKind {
    if isPair { return .pairs }
    if label != nil { return .labels }
    return turns.last?.role == "user" || turns.last?.role == "tool" ? .prompts : .texts
  }

  /// What a model is asked: a pair's `turns`; of a row with a label what stands before its answer;
  /// else the conversation up to the last assistant's turn.
  public var prompt: [Turn] { isPair ? turns : Array(turns[..<answerStart]) }

  /// How the prompt goes on, beginning with the assistant's turn; of a pair the chosen way. Empty
  /// where the row does not say.
  public var answer: [Turn] { isPair ? chosen : Array(turns[answerStart...]) }

  /// The text of the assistant's turn after the prompt: what a model should answer; nil when there is
  /// none, or the row's label says that it is not wanted.
  public var reference: String? { label == false ? nil : answer.first?.text }

  /// The assistant's turns among `turns` that are learnt, by their places: of a row with a label those
  /// of its answer, of a pair none.
  public var trainedTurns: [Int] {
    let first = isPair ? turns.count : label == nil ? 0 : answerStart
    return turns.indices[first...].filter { turns[$0].role == "assistant" && turns[$0].isTrained }
  }

  /// Where among `turns` the answer begins: a label speaks of all that follows the last turn which is
  /// not the assistant's or a tool's.
  private var answerStart: Int {
    guard label != nil else { return turns.lastIndex { $0.role == "assistant" } ?? turns.count }
    return 1 + (turns.lastIndex { $0.role != "assistant" && $0.role != "tool" } ?? -1)
  }
}
