import Formats
import JSON
import Tasks
import Text

/// Messages as a user writes them in a file: whatever keys they have reaches the chat template.
struct Conversation {
  var messages: [JSONValue]
  /// Schemas of functions that the model may call.
  var tools: [JSONValue]?
  /// Where the messages come from, for errors.
  let place: String

  /// Reads an array of messages, or an object with `messages` and, where there are any, `tools`.
  init(json: JSONValue, place: String) throws(FormatError) {
    guard let messages = json.array ?? json["messages"]?.array else {
      throw FormatError(
        .malformed, place,
        "\(json.kind) is no conversation; write [{\"role\": \"user\", \"content\": …}] or "
          + "{\"messages\": […]}")
    }
    for (index, message) in messages.enumerated() where message["role"]?.string == nil {
      throw FormatError(.malformed, place, "message \(index) has no 'role'")
    }
    self.messages = messages
    tools = json["tools"]?.array
    self.place = place
  }

  /// A conversation of a system message, where one is given, and a question.
  init(system: String?, user: String?, place: String) {
    messages = []
    if let system { messages.append(["role": "system", "content": .string(system)]) }
    if let user { messages.append(["role": "user", "content": .string(user)]) }
    self.place = place
  }

  /// The text that the template makes of the messages; `thinking` is its variable enable_thinking.
  func rendered(
    _ encoder: ConversationEncoder, addsGenerationPrompt: Bool, thinking: Bool?
  ) throws -> String {
    let tokenizer = encoder.tokenizer
    var variables: [String: JSONValue] = [:]
    variables["bos_token"] = tokenizer.bosToken.map(JSONValue.string)
    variables["eos_token"] = tokenizer.eosToken.map(JSONValue.string)
    variables["pad_token"] = tokenizer.padToken.map(JSONValue.string)
    variables["enable_thinking"] = thinking.map(JSONValue.bool)
    do {
      return try encoder.template.render(
        messages: messages, tools: tools, addGenerationPrompt: addsGenerationPrompt,
        variables: variables
      ).text
    } catch { throw Diagnosis(Diagnosis.data, "\(place): \(error)") }
  }
}
