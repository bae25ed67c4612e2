import JSON
import Tasks

/// A row as Alpaca's readers know it: `instruction`, `input`, `output`, `system`, `history` (pairs of
/// earlier exchanges), then the row's metadata under its own keys.
///
/// The question's first paragraph is the instruction and what follows the blank line the input, so
/// that instruction, blank line and input together are the question again, letter for letter. Of
/// choices inside an answer the right one is written.
struct AlpacaRow {
  /// The row.
  let json: JSONValue
  /// Exchanges before the last one.
  let earlier: Int
  private static let keys = ["instruction", "input", "output", "system", "history"]

  /// Reads `example`, which must be an optional system turn and then questions and answers in turn,
  /// all of them text: nothing else has a place in such a row. `label` is the row's name in errors.
  init(_ example: Example, label: String) throws(TaskError) {
    let system = example.turns.first.flatMap { $0.role == "system" ? $0.text : nil }
    let turns = example.turns.dropFirst(system == nil ? 0 : 1)
    let roles = turns.map(\.role), exchange = ["user", "assistant"]
    guard !roles.isEmpty, roles.count.isMultiple(of: 2),
      roles.enumerated().allSatisfy({ $1 == exchange[$0 % 2] })
    else {
      throw Self.refusal(
        label, "has the turns \(example.turns.map(\.role).joined(separator: ", "))")
    }
    if let part = example.turns.lazy.flatMap(\.parts).compactMap(\.unwritable).first {
      throw Self.refusal(label, "holds \(part)")
    }
    if let more = example.moreThanText { throw Self.refusal(label, "has \(more)") }
    let texts = turns.map(\.text)
    let pairs = stride(from: 0, to: texts.count - 2, by: 2).map { first -> JSONValue in
      [.string(texts[first]), .string(texts[first + 1])]
    }
    let (instruction, input) = Self.divided(texts[texts.count - 2])
    let row: JSONValue = [
      "instruction": .string(instruction), "input": .string(input),
      "output": .string(texts[texts.count - 1]), "system": .string(system ?? ""),
      "history": .array(pairs),
    ]
    earlier = pairs.count
    json = (example.metadata.object ?? [:]).reduce(row) { row, member in
      // A key that Alpaca has is not overwritten.
      row.setting(
        Self.keys.contains(member.key) ? "metadata_" + member.key : member.key, member.value)
    }
  }

  private static func refusal(_ label: String, _ what: String) -> TaskError {
    TaskError(
      .unsupported,
      "\(label) \(what); an Alpaca row takes text alone: a system message, then questions and "
        + "answers in turn (`host data export` writes any turns of text)")
  }

  /// The text before the first blank line and the text behind it.
  private static func divided(_ question: String) -> (instruction: String, input: String) {
    guard let gap = question.firstRange(of: "\n\n"), gap.lowerBound > question.startIndex,
      gap.upperBound < question.endIndex
    else { return (question, "") }
    return (String(question[..<gap.lowerBound]), String(question[gap.upperBound...]))
  }
}

extension Part {
  /// What an error calls a part that cannot be written as text without a loss; nil for text.
  public var unwritable: String? {
    switch self {
    case .text: nil
    case .media(let kind, _): "\(kind)"
    case .choice(let choice):
      choice.isHard ? nil : "a choice with several right answers (\(choice.text), …)"
    }
  }
}

extension Example {
  /// What an error calls what the row says beside its turns' text; nil where there is nothing.
  fileprivate var moreThanText: String? {
    let keys = turns.flatMap(\.members.keys) + templateVariables.keys
    if let key = keys.first { return "'\(key)'" }
    return turns.contains { !$0.isTrained } ? "a turn that is not trained" : nil
  }
}
