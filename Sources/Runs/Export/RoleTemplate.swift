import Formats
import JSON
import Tasks
import Text

/// A chat template that does nothing but set texts around the messages of each role: what Ollama's Go
/// templates can say. It is found by asking the model's own template.
struct RoleTemplate {
  /// What stands around a role's messages.
  private var around: [(role: String, before: String, after: String)] = []
  /// What stands before the first message, and after the last one, where an answer is asked for.
  private var beginning = "", ending = ""
  /// The system message that stands where none is given.
  private(set) var system: String?

  private static let marks = [
    "system": "\u{2}S\u{3}", "user": "\u{2}U\u{3}", "assistant": "\u{2}A\u{3}",
  ]

  /// The same as `encoder`'s template; nil where that does more, such as counting messages.
  init?(_ encoder: ConversationEncoder) {
    func text(_ roles: String..., asks: Bool = false) -> String? {
      let messages = roles.map { role -> JSONValue in
        ["role": .string(role), "content": .string(Self.marks[role] ?? "")]
      }
      return try? encoder.render(messages: messages, label: "probe", addGenerationPrompt: asks).text
    }
    func split(_ text: String?, _ roles: String...) -> [String]? {
      var parts: [String] = [], rest = text ?? ""
      for role in roles {
        guard let range = rest.firstRange(of: Self.marks[role] ?? "") else { return nil }
        parts.append(String(rest[..<range.lowerBound]))
        rest = String(rest[range.upperBound...])
      }
      return parts + [rest]
    }
    guard let plain = split(text("user"), "user"),
      let talk = split(
        text("user", "assistant", "user", asks: true), "user", "assistant", "user"),
      let before = Self.dropping(prefix: plain[1], talk[1]),
      let end = Self.dropping(prefix: plain[1], talk[3])
    else { return nil }
    // What stands behind an answer in the middle, before the next question.
    guard let answered = split(text("user", "assistant"), "user", "assistant"),
      let userBefore = Self.dropping(prefix: answered[2], talk[2])
    else { return nil }
    ending = end
    guard let start = Self.dropping(suffix: userBefore, plain[0]) else { return nil }
    if let whole = split(text("system", "user"), "system", "user") {
      guard let after = Self.dropping(suffix: userBefore, whole[1]) else { return nil }
      if !whole[0].isEmpty, start.hasPrefix(whole[0]), start.hasSuffix(after),
        start.count > whole[0].count + after.count
      {
        system = String(start.dropFirst(whole[0].count).dropLast(after.count))
        around.append(("system", whole[0], after))
      } else {
        beginning = start
        guard let first = Self.dropping(prefix: start, whole[0]) else { return nil }
        around.append(("system", first, after))
      }
    } else {
      beginning = start
    }
    around += [("user", userBefore, plain[1]), ("assistant", before, answered[2])]
    guard isTheSame(as: encoder) else { return nil }
  }

  private static func dropping(prefix: String, _ text: String) -> String? {
    text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
  }

  private static func dropping(suffix: String, _ text: String) -> String? {
    text.hasSuffix(suffix) ? String(text.dropLast(suffix.count)) : nil
  }

  /// What the Go template writes for these messages, an answer asked for.
  func rendered(_ messages: [JSONValue]) -> String? {
    var text = beginning
    var messages = messages
    if let system, messages.first?["role"] != "system" {
      messages.insert(["role": "system", "content": .string(system)], at: 0)
    }
    for message in messages {
      guard let content = message["content"]?.string,
        let role = around.first(where: { $0.role == message["role"]?.string })
      else { return nil }
      text += role.before + content + role.after
    }
    return text + ending
  }

  /// Whether stored conversations, each up to each of their questions, become the same tokens.
  private func isTheSame(as encoder: ConversationEncoder) -> Bool {
    for dialogue in StoredDialogues.all {
      for count in 1...dialogue.count where dialogue[count - 1]["role"] == "user" {
        let messages = Array(dialogue.prefix(count))
        let knows = messages.allSatisfy { message in
          around.contains { $0.role == message["role"]?.string }
        }
        guard knows else { continue }
        guard
          let theirs = try? encoder.render(
            messages: messages, label: "replay", addGenerationPrompt: true
          ).text, let ours = rendered(messages),
          encoder.tokenizer.encode(theirs) == encoder.tokenizer.encode(ours)
        else { return false }
      }
    }
    return true
  }

  /// The template in Go's words; nil where a text in it would be taken for a command.
  var go: String? {
    let texts = [beginning, ending] + around.flatMap { [$0.before, $0.after] }
    guard !texts.contains(where: { $0.contains("{{") || $0.contains("\"\"\"") }) else { return nil }
    var text = beginning + "{{ range .Messages }}"
    for (index, role) in around.enumerated() {
      text += "{{ \(index == 0 ? "if" : "else if") eq .Role \"\(role.role)\" }}"
      text += role.before + "{{ .Content }}" + role.after
    }
    return text + "{{ end }}{{ end }}" + ending
  }
}
