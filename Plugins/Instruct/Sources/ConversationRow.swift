import TaskKit

/// A row of one of the shapes, as turns. Whatever it says is used, refused, or kept as metadata.
///
/// | shape | keys |
/// |---|---|
/// | chat | `messages`: a list of messages (`Message`) |
/// | ShareGPT | `conversations`: the same |
/// | Alpaca | `instruction`, `output`; optional `input`, `history` (pairs) |
/// | OpenOrca | `question`, `response`; optional `system_prompt` |
/// | prompt and completion | `prompt`, `completion`: each a text or a list of messages |
/// | prompt alone | `prompt`: the same; the model is to write the answer, and rewards to judge it |
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
    try shape.check(fields)
    turns = try fields.withSystem(Self.turns(fields, shape))
    templateVariables = try TemplateVariables.of(fields, wrapsTools: shape == .conversations)
    metadata = try shape.keys.metadata(fields)
    if shape == .prompt { try checkPrompt(fields) } else { try checkAnswers(fields) }
  }

  private func checkAnswers(_ fields: Fields) throws {
    let answers = turns.filter { $0.role == "assistant" && $0.saysSomething }
    guard !answers.isEmpty else {
      throw fields.fault(
        "the row has no assistant turn with text, so nothing could be learnt of it; messages that the "
          + "model is to answer go under 'prompt'")
    }
    guard answers.contains(where: \.isTrained) else {
      throw fields.fault("no assistant turn of the row is trained; leave the row out")
    }
  }

  private static func turns(_ fields: Fields, _ shape: RowShape) throws -> [Turn] {
    switch shape {
    case .messages: try fields.turns("messages")
    case .conversations: try fields.turns("conversations")
    case .alpaca: try fields.alpacaPrompt() + [.assistant(try fields.text("output"))]
    case .openOrca: try openOrca(fields)
    case .promptCompletion: try promptCompletion(fields)
    case .prompt: try prompt(fields)
    }
  }

  /// A question and its answer, behind the system message that some rows have and others leave empty.
  private static func openOrca(_ fields: Fields) throws -> [Turn] {
    let isEmpty = fields["system_prompt"].map { $0 == .null || $0.string == "" } ?? true
    let system = isEmpty ? [] : [Turn.system(try fields.text("system_prompt"))]
    return try system + [.user(fields.text("question")), .assistant(fields.text("response"))]
  }

  /// The turns under `prompt`, a question where it is a text; they are not trained.
  private static func prompt(_ fields: Fields) throws -> [Turn] {
    var prompt = try fields["prompt"]?.string.map { [Turn.user($0)] } ?? fields.turns("prompt")
    for index in prompt.indices where prompt[index].role == "assistant" {
      prompt[index].isTrained = false
    }
    return prompt
  }

  private func checkPrompt(_ fields: Fields) throws {
    guard let last = turns.last, last.role == "user" || last.role == "tool" else {
      throw fields.fault("the prompt must end with a user's or a tool's turn")
    }
    guard last.role == "tool" || last.saysSomething else {
      throw fields.fault("the prompt is empty")
    }
  }

  /// Texts are a question and its answer.
  private static func promptCompletion(_ fields: Fields) throws -> [Turn] {
    let prompt = try prompt(fields)
    let answer =
      try fields["completion"]?.string.map { [Turn.assistant($0)] } ?? fields.turns("completion")
    guard answer.first?.role == "assistant" else {
      throw fields.fault("'completion' must begin with an assistant's message")
    }
    return prompt + answer
  }
}
