import JSON
import Tasks

extension Example {
  /// The layout of `examples_json`; without tensors.
  var json: JSONValue {
    var row: JSONValue = [
      "turns": turns.json, "metadata": metadata, "choices": .array(choices.map { .string($0) }),
    ]
    if !templateVariables.isEmpty {
      row = row.setting("template_variables", .object(templateVariables))
    }
    if isPair { row = row.setting("chosen", chosen.json).setting("rejected", rejected.json) }
    return label.map { row.setting("label", .bool($0)) } ?? row
  }
}

extension [Turn] {
  fileprivate var json: JSONValue {
    .array(
      map { turn in
        let parts = turn.parts.map { part -> JSONValue in
          switch part {
          case .text(let text): ["text": .string(text)]
          case .media(let kind, let tensor): ["media": .string(kind), "tensor": .string(tensor)]
          case .choice(let choice): ["text": .string(choice.text)]
          }
        }
        var json: JSONValue = ["role": .string(turn.role), "parts": .array(parts)]
        if !turn.members.isEmpty { json = json.setting("members", .object(turn.members)) }
        return turn.isTrained ? json : json.setting("trained", false)
      })
  }
}
