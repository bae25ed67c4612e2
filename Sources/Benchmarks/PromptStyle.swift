public import JSON
import Text

/// How a task's words become the text that a model reads.
public enum PromptStyle {
  /// As they are.
  case plain
  /// Messages that a chat template writes, up to the header of the assistant's answer; each shot two
  /// turns, or all of them in one.
  case chat(isMultiturn: Bool, system: String?, render: ([JSONValue]) throws -> String)

  /// What stands between question and answer.
  var delimiter: String { if case .plain = self { " " } else { "" } }
}

/// A piece of a prompt: who says it, and what follows it in a plain text.
struct PromptTurn {
  let role: String, text: String
  var delimiter = ""
}

extension PromptStyle {
  /// The text of a prompt.
  func text(_ description: String, _ shots: [PromptTurn], question: String) throws -> String {
    switch self {
    case .plain:
      return ([description] + shots.map { $0.text + $0.delimiter } + [question]).joined()
    case .chat(let isMultiturn, let system, let render):
      let before = Self.joined(system ?? "", description)
      var messages = before.isEmpty ? [] : [Self.message("system", before)]
      if isMultiturn {
        messages += shots.map { Self.message($0.role, $0.text) }
        messages.append(Self.message("user", question))
      } else {
        let all = shots.map { $0.text + $0.delimiter }.joined() + question
        messages.append(Self.message("user", all))
      }
      return try render(messages)
    }
  }

  private static func message(_ role: String, _ text: String) -> JSONValue {
    ["role": .string(role), "content": .string(text)]
  }

  /// Two texts with an empty line between them, where no white space is there already.
  private static func joined(_ first: String, _ second: String) -> String {
    guard !first.isEmpty, !second.isEmpty else { return first + second }
    let touches =
      PythonText.touchesSpace(first, atEnd: true) || PythonText.touchesSpace(second, atEnd: false)
    return first + (touches ? "" : "\n\n") + second
  }
}
