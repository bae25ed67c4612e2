import TaskKit

/// A row of one of the shapes, as turns. Whatever it says is used, refused, or kept as metadata.
///
/// | shape | keys |
/// |---|---|
/// | chat | `messages`: a list of messages (`Message`) |
/// | ShareGPT | `conversations`: the same |
/// | Alpaca | `instruction`, `output`; optional `input`, `history` (pairs) |
/// | prompt and completion | `prompt`, `completion`: each a text or a list of messages |
///
/// Each may have `system`, `tools`, `documents` and `chat_template_kwargs` beside.
struct ConversationRow: Sendable, Hashable {
  var turns: [Turn]
  /// Columns that say nothing to training.
  var metadata: JSON.Members
  /// What the chat template reads beside the messages.
  var templateVariables: JSON.Members

  /// Reads `value`; `place` is its file and line, which every fault names.
  init(_ value: JSON, place: String) throws {
    let fields = try Fields(value, place: place, what: "a row")
    let shape = try RowShape(fields)
    try RowKeys.refuse(fields, shape)
    turns = try Self.turns(fields, shape)
    if let system = try fields.optionalText("system"), !system.isEmpty {
      guard !turns.contains(where: { $0.role == "system" || $0.role == "developer" }) else {
        throw fields.fault("the row has 'system' and a system turn too; keep one of them")
      }
      turns.insert(.system(system), at: 0)
    }
    templateVariables = try Self.variables(fields, shape)
    metadata = try RowKeys.metadata(fields, shape)
    let answers = turns.filter { $0.role == "assistant" && $0.saysSomething }
    guard !answers.isEmpty else {
      throw fields.fault(
        "the row has no assistant turn with text, so nothing could be learnt of it")
    }
    guard answers.contains(where: \.isTrained) else {
      throw fields.fault("no assistant turn of the row is trained; leave the row out")
    }
  }

  private static func turns(_ fields: Fields, _ shape: RowShape) throws -> [Turn] {
    switch shape {
    case .messages: try messages(fields, "messages")
    case .conversations: try messages(fields, "conversations")
    case .alpaca: try alpaca(fields)
    case .promptCompletion: try promptCompletion(fields)
    }
  }

  private static func messages(_ fields: Fields, _ key: String) throws -> [Turn] {
    let messages = try fields.list(key, of: "messages") ?? []
    return try messages.enumerated().map { index, message in
      try Message(message, place: "\(fields.place), \(key)[\(index)]").turn
    }
  }

  /// Texts are a question and its answer. Turns of a prompt are not trained.
  private static func promptCompletion(_ fields: Fields) throws -> [Turn] {
    var prompt =
      try fields["prompt"]?.string.map { [Turn.user($0)] } ?? messages(fields, "prompt")
    for index in prompt.indices where prompt[index].role == "assistant" {
      prompt[index].isTrained = false
    }
    let answer =
      try fields["completion"]?.string.map { [Turn.assistant($0)] }
      ?? messages(fields, "completion")
    guard answer.first?.role == "assistant" else {
      throw fields.fault("'completion' must begin with an assistant's message")
    }
    return prompt + answer
  }

  private static func alpaca(_ fields: Fields) throws -> [Turn] {
    var turns: [Turn] = []
    for (index, pair) in (try fields.list("history", of: "pairs") ?? []).enumerated() {
      let texts = (pair.array ?? []).compactMap(\.string)
      guard texts.count == 2, pair.array?.count == 2 else {
        throw fields.fault("'history[\(index)]' must be a pair of texts: [question, answer]")
      }
      turns += [.user(texts[0]), .assistant(texts[1])]
    }
    let instruction = try fields.text("instruction")
    let input = try fields.optionalText("input") ?? ""
    let question = [instruction, input].filter { !$0.isEmpty }.joined(separator: "\n\n")
    return turns + [.user(question), .assistant(try fields.text("output"))]
  }

  private static func variables(_ fields: Fields, _ shape: RowShape) throws -> JSON.Members {
    var variables: JSON.Members = [:]
    if let further = fields["chat_template_kwargs"] {
      guard let members = further.object else {
        throw fields.fault("'chat_template_kwargs' must be an object, not \(further.kind)")
      }
      for key in ["messages", "tools", "add_generation_prompt"] where members[key] != nil {
        throw fields.fault("'chat_template_kwargs' must not hold '\(key)'")
      }
      variables = members
    }
    // ShareGPT's readers put the schemas that it has without a wrapper into one.
    variables["tools"] = try ToolCalls.tools(fields, wrapping: shape == .conversations)
    if let documents = try fields.list("documents", of: "objects"), !documents.isEmpty {
      guard documents.allSatisfy({ $0.object != nil }) else {
        throw fields.fault("'documents' must be a list of objects")
      }
      variables["documents"] = .array(documents)
    }
    for (key, value) in variables { try fields.checkNumbers(value, key) }
    return variables
  }
}

extension Turn {
  /// Whether the turn has text, calls or reasoning.
  fileprivate var saysSomething: Bool {
    !text.isEmpty || members.keys.contains { $0 != "name" && $0 != "tool_call_id" }
  }
}
