import TaskKit

/// A row of one of the three shapes, as turns.
///
/// | shape | keys |
/// |---|---|
/// | chat | `messages`: a list of `role`, `content` |
/// | ShareGPT | `conversations`: a list of `from`, `value`; optional `system` |
/// | Alpaca | `instruction`, `output`; optional `input`, `system`, `history` (pairs) |
struct ConversationRow: Sendable, Hashable {
  var turns: [Turn]

  /// Reads `value`; `place` is its file and line, which every fault names.
  init(_ value: JSON, place: String) throws {
    let fields = Fields(value: value, place: place)
    guard let keys = value.object?.keys.sorted() else {
      throw fields.fault("a row must be an object, this is \(value.kind)")
    }
    if keys.contains("messages") {
      turns = try Self.messages(fields, list: "messages", role: "role", content: "content")
    } else if keys.contains("conversations") {
      turns = try Self.messages(fields, list: "conversations", role: "from", content: "value")
      if let system = try fields.optionalText("system"), !system.isEmpty {
        guard turns.first?.role != "system" else {
          throw fields.fault("the row has 'system' and a system turn too; keep one of them")
        }
        turns.insert(.system(system), at: 0)
      }
    } else if keys.contains("instruction"), keys.contains("output") {
      turns = try Self.alpaca(fields)
    } else {
      let found = keys.isEmpty ? "none" : keys.map { "'\($0)'" }.joined(separator: ", ")
      throw fields.fault(
        "unknown shape of row: found the keys \(found); expected 'messages', or 'conversations', "
          + "or 'instruction' with 'output'")
    }
    guard turns.contains(where: { $0.role == "assistant" && !$0.text.isEmpty }) else {
      throw fields.fault(
        "the row has no assistant turn with text, so nothing could be learnt of it")
    }
  }

  private static func messages(
    _ fields: Fields, list: String, role: String, content: String
  ) throws -> [Turn] {
    guard let elements = fields.value[list]?.array else {
      throw fields.fault("'\(list)' must be an array, not \(fields.value[list]?.kind ?? "absent")")
    }
    return try elements.enumerated().map { index, element in
      let message = Fields(value: element, place: fields.place + ", \(list)[\(index)]")
      let name = try message.text(role)
      guard let role = roles[name] else {
        let known = Set(roles.keys).sorted().map { "'\($0)'" }.joined(separator: ", ")
        throw message.fault("unknown \(role) '\(name)'; known: \(known)")
      }
      return Turn(role: role, parts: [.text(try message.text(content))])
    }
  }

  /// Names of roles in the wild, and ours.
  private static let roles = [
    "system": "system", "user": "user", "human": "user", "assistant": "assistant",
    "gpt": "assistant", "tool": "tool", "observation": "tool",
  ]

  private static func alpaca(_ fields: Fields) throws -> [Turn] {
    var turns: [Turn] = []
    if let system = try fields.optionalText("system"), !system.isEmpty {
      turns.append(.system(system))
    }
    if let history = fields.value["history"], history != .null {
      guard let pairs = history.array else {
        throw fields.fault("'history' must be an array of pairs, not \(history.kind)")
      }
      for (index, pair) in pairs.enumerated() {
        let texts = (pair.array ?? []).compactMap(\.string)
        guard texts.count == 2, pair.array?.count == 2 else {
          throw fields.fault("'history[\(index)]' must be a pair of texts: [question, answer]")
        }
        turns += [.user(texts[0]), .assistant(texts[1])]
      }
    }
    let instruction = try fields.text("instruction")
    let input = try fields.optionalText("input") ?? ""
    let question = [instruction, input].filter { !$0.isEmpty }.joined(separator: "\n\n")
    return turns + [.user(question), .assistant(try fields.text("output"))]
  }
}

/// An object's texts by key, with faults that name the place.
private struct Fields {
  let value: JSON, place: String

  func fault(_ message: String) -> PluginError { PluginError(.data, "\(place): \(message)") }

  func text(_ key: String) throws -> String {
    guard let text = try optionalText(key) else { throw fault("'\(key)' is missing; add it") }
    return text
  }

  func optionalText(_ key: String) throws -> String? {
    switch value[key] {
    case nil, .null: return nil
    case .string(let text): return text
    case .some(let other): throw fault("'\(key)' must be a string, not \(other.kind)")
    }
  }
}
