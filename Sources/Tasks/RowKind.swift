/// What an objective asks of rows, and what a row is.
public enum RowKind: String, Sendable, CaseIterable {
  /// Conversations whose answers are learnt.
  case texts
  /// Prompts, each with a chosen and a rejected answer.
  case pairs
  /// Conversations of whose answer the row says whether it is a wanted one.
  case labels
  /// Prompts that end before the assistant's turn; nothing in them is trained. Any row has one.
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

  /// How to learn such a row: every `objective.type` that asks for it. A test holds these names
  /// together with what the objectives say.
  public var advice: String {
    switch self {
    case .texts: "set objective.type to sft, or to expected_reward where its answer is a choice"
    case .pairs: "set objective.type to dpo, simpo, orpo, cpo or reward_model"
    case .labels: "set objective.type: kto"
    case .prompts: "set objective.type: grpo, add the answer, or leave the row out"
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
    let isOpen = turns.last?.role == "user" || turns.last?.role == "tool"
    return isOpen && trainedTurns.isEmpty ? .prompts : .texts
  }

  /// What a model is asked: a pair's `turns` and those of a prompt alone; of a row with a label what
  /// stands before its answer; else the conversation up to the last assistant's turn.
  public var prompt: [Turn] { Array(turns[..<answerStart]) }

  /// How the prompt goes on, beginning with the assistant's turn; of a pair the chosen way. Empty
  /// where the row does not say.
  public var answer: [Turn] { isPair ? chosen : Array(turns[answerStart...]) }

  /// The text of the assistant's turn after the prompt: what a model should answer; nil when there is
  /// none, or the row's label says that it is not wanted.
  public var reference: String? { label == false ? nil : answer.first?.text }

  /// The assistant's turns among `turns` that are learnt, by their places: of a row with a label those
  /// of its answer, of a pair none.
  public var trainedTurns: [Int] {
    turns.indices.filter { turns[$0].role == "assistant" && trains($0) }
  }

  /// Whether what the assistant says in turn `index` is learnt.
  func trains(_ index: Int) -> Bool {
    turns[index].isTrained && !isPair && (label == nil || index >= answerStart)
  }

  /// Where among `turns` the answer begins: a label speaks of all that follows the last turn which is
  /// not the assistant's or a tool's.
  private var answerStart: Int {
    switch kind {
    case .pairs, .prompts: turns.count
    case .labels: 1 + (turns.lastIndex { $0.role != "assistant" && $0.role != "tool" } ?? -1)
    case .texts: turns.lastIndex { $0.role == "assistant" } ?? turns.count
    }
  }
}
