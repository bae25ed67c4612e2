public import JSON
public import Tasks

/// A row of preferences as trl's readers know it, and as the task 'preference' reads it: a pair is
/// `{"prompt", "chosen", "rejected"}`, an answer with a label `{"prompt", "completion", "label"}`, each
/// part a list of messages. `tools`, `documents`, `chat_template_kwargs` and `metadata` stand beside.
public struct PreferenceRow {
  /// The row.
  public let json: JSONValue

  /// Reads `example`; nil where it is neither a pair nor an answer with a label. `label` is the row's
  /// name in errors.
  public init?(_ example: Example, label: String) throws(TaskError) {
    let turns = example.turns + example.chosen + example.rejected
    if let part = turns.lazy.flatMap(\.parts).compactMap(\.unwritable).first {
      throw TaskError(
        .unsupported, "\(label) holds \(part), which has no place among messages of text")
    }
    var row: JSONValue = ["prompt": .array(example.prompt.map(\.message))]
    switch example.kind {
    case .texts, .prompts: return nil
    case .pairs:
      row = row.setting("chosen", example.chosen.answer)
        .setting("rejected", example.rejected.answer)
    case .labels:
      row = row.setting("completion", example.answer.answer)
        .setting("label", .bool(example.label == true))
    }
    json = example.besideTurns(in: row)
  }
}

extension [Turn] {
  /// An answer's messages; a turn of it that is not trained says so.
  fileprivate var answer: JSONValue {
    .array(map { $0.isTrained ? $0.message : $0.message.setting("weight", 0) })
  }
}

extension Example {
  /// The line of a file of rows with what the row says beside its turns.
  public func besideTurns(in line: JSONValue) -> JSONValue {
    var line = line, further = JSONValue.emptyObject
    for (name, value) in templateVariables {
      // Where readers of such rows look for a variable of the template.
      if ["tools", "documents"].contains(name) {
        line = line.setting(name, value)
      } else {
        further = further.setting(name, value)
      }
    }
    if further != .emptyObject { line = line.setting("chat_template_kwargs", further) }
    return metadata == .emptyObject ? line : line.setting("metadata", metadata)
  }
}
