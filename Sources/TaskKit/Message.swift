/// A message of a conversation, as a turn. Every key of it is used or refused.
///
/// | keys | what becomes of them |
/// |---|---|
/// | `role` and `content`, or ShareGPT's `from` and `value` | role and content |
/// | `weight` (0, 1), `train`, `training`, `loss` (true, false) | whether an assistant's turn is trained |
/// | `tool_calls`, `reasoning_content`, `thinking`, `reasoning`, `name`, `tool_call_id` | what the chat template reads |
public struct Message: Sendable {
  /// The turn that it is.
  public var turn: Turn

  /// Names of roles in the wild, and ours; a call has no role of its own in any template.
  private static let roles = [
    "system": "system", "developer": "developer", "user": "user", "human": "user",
    "assistant": "assistant", "gpt": "assistant", "tool": "tool", "observation": "tool",
    "tool_response": "tool", "function_call": "assistant", "tool_call": "assistant",
  ]
  private static let callRoles: Set = ["function_call", "tool_call"]
  private static let trainedKeys = ["weight", "train", "training", "loss"]
  private static let reasoningKeys = ["reasoning_content", "thinking", "reasoning"]
  private static let templateKeys =
    reasoningKeys + ["name", "tool_call_id", "tool_calls"]

  /// Keys that some tool knows and this task cannot follow, and why.
  private static let refused = [
    "function_call": "is the older form of 'tool_calls'; write [{\"function\": {\"name\", "
      + "\"arguments\"}}] there",
    "tools": "belongs to the row, not to a message",
    "refusal": "is no text that a chat template writes; write it as 'content'",
    "audio": "holds sound, but this task reads text only",
    "images": "holds pictures, but this task reads text only",
    "prefix": "asks to continue a text, which is not trained here",
    "loss_scale": "weighs tokens, which is not done here; 'weight' 0 or 1 leaves a turn out",
    "train_detail": "chooses tokens, which is not done here; 'weight' 0 or 1 leaves a turn out",
    "training_detail": "chooses tokens, which is not done here; 'weight' 0 or 1 leaves a turn out",
    "annotations": "is not read",
  ]

  /// Reads `value`; `place` is its file, line and element, which every fault names.
  public init(_ value: JSON, place: String) throws {
    let fields = try Fields(value, place: place, what: "a message")
    let isShareGPT = fields["from"] != nil || fields["value"] != nil
    guard !isShareGPT || (fields["role"] == nil && fields["content"] == nil) else {
      throw fields.fault("the message has 'from' or 'value' and 'role' or 'content'; keep one pair")
    }
    let (roleKey, contentKey) = isShareGPT ? ("from", "value") : ("role", "content")
    try Self.refuseOthers(fields, beside: [roleKey, contentKey])
    let name = try fields.text(roleKey)
    guard let role = Self.roles[name] else {
      let hint = nearestName(to: name, among: Self.roles.keys).map { "; did you mean '\($0)'?" }
      let known = Self.roles.keys.sorted().map { "'\($0)'" }.joined(separator: ", ")
      throw fields.fault("unknown \(roleKey) '\(name)'" + (hint ?? "; known: \(known)"))
    }
    turn = Turn(role: role, parts: [], members: [:], isTrained: try Self.isTrained(fields, role))
    for key in fields.keys where Self.templateKeys.contains(key) && fields.says(key) {
      turn.members[key] = fields[key]
    }
    try readMembers(fields)
    if Self.callRoles.contains(name) {
      turn.members["tool_calls"] = try ToolCalls.read(text: fields.text(contentKey), fields)
      turn.parts = [.text("")]
    } else {
      turn.parts = try Self.parts(fields, contentKey)
      let mayBeSilent = role == "assistant" && !turn.members.isEmpty
      if turn.parts.isEmpty, !mayBeSilent {
        throw fields.fault("'\(contentKey)' is missing; add it")
      }
    }
  }

  private static func refuseOthers(_ fields: Fields, beside own: [String]) throws {
    let known = own + trainedKeys + templateKeys
    for key in fields.keys where !known.contains(key) {
      if let reason = refused[key] {
        guard fields.says(key) else { continue }
        throw fields.fault("'\(key)' \(reason)")
      }
      let names = (own + ["weight"] + templateKeys).map { "'\($0)'" }.joined(separator: ", ")
      let hint = nearestName(to: key, among: known).map { "did you mean '\($0)'?" }
      throw fields.fault(
        "unknown key '\(key)'; " + (hint ?? "a message has \(names); take it out of the messages"))
    }
  }

  private static func isTrained(_ fields: Fields, _ role: String) throws -> Bool {
    var said: [(key: String, isTrained: Bool)] = []
    for key in trainedKeys {
      guard let value = fields[key] else { continue }
      let number = key == "weight" ? value.double.flatMap { [0: false, 1: true][$0] } : nil
      guard let isTrained = number ?? (key == "weight" ? nil : value.bool) else {
        throw fields.fault(
          "'\(key)' must be \(key == "weight" ? "0 or 1" : "true or false"), "
            + "not \(value.double != nil || value.string != nil ? value.text : value.kind)")
      }
      said.append((key, isTrained))
    }
    if let first = said.first, let other = said.first(where: { $0.isTrained != first.isTrained }) {
      throw fields.fault(
        "'\(first.key)' and '\(other.key)' contradict each other; keep one of them")
    }
    if let wish = said.first, wish.isTrained, role != "assistant", wish.key != "weight" {
      throw fields.fault(
        "'\(wish.key)' asks to train the \(role) turn; only the assistant's turns are trained")
    }
    return said.first?.isTrained ?? true
  }

  private func checkText(_ key: String, _ fields: Fields) throws {
    if let value = turn.members[key], value.string == nil {
      throw fields.fault("'\(key)' must be a string, not \(value.kind)")
    }
  }

  private mutating func readMembers(_ fields: Fields) throws {
    for key in Self.templateKeys where key != "tool_calls" { try checkText(key, fields) }
    let thoughts = Set(Self.reasoningKeys.compactMap { turn.members[$0]?.string })
    guard thoughts.count < 2 else {
      throw fields.fault("the message has its reasoning under two keys that differ; keep one")
    }
    for key in Self.reasoningKeys + ["tool_calls"]
    where turn.members[key] != nil && turn.role != "assistant" {
      throw fields.fault("'\(key)' belongs to an assistant's message, this is the \(turn.role)'s")
    }
    if let calls = turn.members["tool_calls"] {
      try ToolCalls.check(calls, fields)
      try fields.checkNumbers(calls, "tool_calls")
    }
  }

  /// The content: a text, or a list of parts that are texts and stand one directly behind the other.
  private static func parts(_ fields: Fields, _ key: String) throws -> [Part] {
    guard let value = fields[key] else { return [] }
    if let text = value.string { return [.text(text)] }
    guard let elements = value.array else {
      throw fields.fault(
        "'\(key)' must be a string or a list of text parts, not \(value.kind)")
    }
    let texts = try elements.enumerated().map { index, element -> String in
      let part = try Fields(
        element, place: "\(fields.place).\(key)[\(index)]", what: "a part of the content")
      let type = try part.text("type")
      guard type == "text" else {
        throw part.fault("a part of the type '\(type)' is not read; this task reads text only")
      }
      if let other = part.keys.first(where: { $0 != "type" && $0 != "text" && part.says($0) }) {
        throw part.fault("unknown key '\(other)' of a text part; it has 'type' and 'text'")
      }
      return try part.text("text")
    }
    return [.text(texts.joined())]
  }
}
