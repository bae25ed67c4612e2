import Formats
import JSON
import Names
import Runs
import Tasks
import Text

/// Messages as a user writes them in a file: what keys they have reaches the chat template.
struct Conversation {
  var messages: [JSONValue]
  /// Schemas of functions that the model may call.
  var tools: [JSONValue]?
  /// What the template may read beside them: documents, and variables of its own.
  var variables: [String: JSONValue] = [:]
  /// Where the messages come from, for errors.
  let place: String

  /// Members of a conversation that are read, and members that mean something elsewhere: they are
  /// refused, so that nobody takes them for read.
  private static let members = ["messages", "tools", "documents", "chat_template_kwargs"]
  private static let refused = [
    "system": "write it as the first message", "conversations": "write 'messages'",
    "prompt": "write 'messages'", "completion": "write it as the last message",
    "chosen": "write 'messages'", "rejected": "write 'messages'", "functions": "write 'tools'",
    "images": "only text is read", "audios": "only text is read", "videos": "only text is read",
  ]

  /// Reads an array of messages, or an object with `messages` and, where there are any, `tools`,
  /// `documents` and `chat_template_kwargs`. Members that are null are as if absent.
  init(json: JSONValue, place: String) throws(FormatError) {
    guard let messages = json.array ?? json["messages"]?.array else {
      throw FormatError(
        .malformed, place,
        "\(json.kind) is no conversation; write [{\"role\": \"user\", \"content\": …}] or "
          + "{\"messages\": […]}")
    }
    guard !messages.isEmpty else {
      throw FormatError(.malformed, place, "the conversation has no message")
    }
    for (index, message) in messages.enumerated() where message["role"]?.string == nil {
      throw FormatError(.malformed, place, "message \(index) has no 'role'")
    }
    self.messages = messages
    self.place = place
    for (key, value) in json.object ?? [:] where !value.isNull { try read(key, value) }
  }

  private mutating func read(_ key: String, _ value: JSONValue) throws(FormatError) {
    switch key {
    case "messages": break
    case "tools": tools = try Self.objects(value, key, place)
    case "documents": variables[key] = .array(try Self.objects(value, key, place))
    case "chat_template_kwargs":
      guard let members = value.object else {
        throw FormatError(.malformed, place, "'\(key)' is \(value.kind); write an object")
      }
      for (name, value) in members { variables[name] = value }
    default:
      if let advice = Self.refused[key] {
        throw FormatError(.malformed, place, "'\(key)' is not read here; \(advice)")
      }
      if let meant = Self.slip(key, among: Self.members) {
        throw FormatError(.malformed, place, "unknown key '\(key)'; did you mean '\(meant)'?")
      }
      Console.note("\(place): '\(key)' is not used")
    }
  }

  /// What `key` is a slip of the pen away from: one, or two in a longer word. Other keys may well be
  /// meant as they are.
  private static func slip(_ key: String, among known: [String]) -> String? {
    nearestName(to: key, among: known, slips: key.count < 6 ? 1 : 2)
  }

  /// A list of objects; it may be a text that holds it, as some data sets store tools.
  private static func objects(_ value: JSONValue, _ key: String, _ place: String)
    throws(FormatError) -> [JSONValue]
  {
    let parsed = value.string.flatMap { try? JSONValue(parsing: $0) } ?? value
    guard let list = parsed.array, list.allSatisfy({ $0.object != nil }) else {
      throw FormatError(.malformed, place, "'\(key)' is no list of objects")
    }
    return list
  }

  /// A conversation of a system message, where one is given, and a question.
  init(system: String?, user: String?, place: String) {
    messages = []
    if let system { messages.append(["role": "system", "content": .string(system)]) }
    if let user { messages.append(["role": "user", "content": .string(user)]) }
    self.place = place
  }

  /// How a rendered conversation ends.
  enum Ending {
    /// With the last message, the header of the assistant's next turn, or within the last message,
    /// which the model is to continue.
    case message, generationPrompt, openMessage
  }

  /// The text that the template makes of the messages.
  func rendered(_ encoder: ConversationEncoder, ending: Ending) throws -> String {
    let template = encoder.template
    let variables = encoder.variables.merging(variables) { $1 }
    try checkKeys(against: template)
    do {
      let text =
        switch ending {
        case .openMessage:
          try template.renderOpen(messages: messages, tools: tools, variables: variables)
        default:
          try template.render(
            messages: messages, tools: tools, addGenerationPrompt: ending == .generationPrompt,
            variables: variables
          ).text
        }
      noteQuotedArguments(in: text)
      return text
    } catch { throw Diagnosis(Diagnosis.data, "\(place): \(error)") }
  }

  // MARK: Keys of messages

  private static let keys = [
    "role", "content", "name", "tool_calls", "tool_call_id", "reasoning_content", "thinking",
    "reasoning", "weight", "function_call", "refusal", "audio", "annotations", "prefix", "train",
  ]

  /// Keys of messages that say nothing to a prompt.
  private static let silent = ["role", "content", "tool_call_id", "weight", "train"]

  /// Refuses keys that are a slip away from a known one, unless the template reads them, and says
  /// once of each other key that it does not read it.
  private func checkKeys(against template: ChatTemplate) throws {
    var unread = tools == nil || template.mentions("tools") ? [] : ["tools"]
    unread += variables.keys.sorted().filter { !template.mentions($0) }
    for key in unread { Console.note("\(place): the template does not read '\(key)'") }
    var said = Set(Self.silent)
    for (index, message) in messages.enumerated() {
      for (key, value) in message.object ?? [:] where !value.isNull && !template.mentions(key) {
        if !Self.keys.contains(key), let meant = Self.slip(key, among: Self.keys) {
          throw FormatError(
            .malformed, place,
            "message \(index) has the unknown key '\(key)'; did you mean '\(meant)'?")
        }
        guard said.insert(key).inserted else { continue }
        Console.note("\(place): message \(index): the template does not read '\(key)'")
      }
    }
  }

  /// Says it where a template has put arguments of a call, which were given as a text, in quotes:
  /// the text is what the model then learns to write, not the object it holds.
  private func noteQuotedArguments(in text: String) {
    for (index, message) in messages.enumerated() {
      for call in message["tool_calls"]?.array ?? [] {
        guard let arguments = (call["function"] ?? call)["arguments"]?.string,
          (try? JSONValue(parsing: arguments))?.object?.isEmpty == false,
          text.contains(JSONValue.string(arguments).text())
        else { continue }
        Console.note(
          "\(place): message \(index): 'arguments' is a text, which the template writes in quotes; "
            + "write an object to have it written as one")
      }
    }
  }
}
