import Formats
import JSON
import Tasks
import Text

/// Makes tokens of prompts with their answers, as a reward model has learnt to read them: with all that
/// its chat template writes behind an answer, or the end of a text where it has no template.
struct AnswerReader {
  private let tokenizer: Tokenizer
  private let encoder: ConversationEncoder?
  /// What stands behind an answer.
  private let closing: String

  /// The reader of the model in `folder`.
  init(folder: String, _ tokenizer: Tokenizer) throws {
    self.tokenizer = tokenizer
    let hasTemplate = try ChatTemplate.load(folder: folder, prefersProcessor: false) != nil
    encoder = hasTemplate ? try ConversationEncoder(folder: folder, tokenizer: tokenizer) : nil
    closing = try encoder.map(Self.closing) ?? tokenizer.eosToken ?? ""
  }

  /// The chat template; nil where the model has none.
  var template: String? { encoder?.template.source }

  /// The tokens of an answer with its prompt.
  func ids(
    _ prompt: String, _ kind: ModelRequest.PromptKind, _ answer: String, label: String
  ) throws -> [Int32] {
    guard kind == .messages else {
      let text = prompt + answer + closing
      return encoder == nil ? tokenizer.encodeAlone(text) : tokenizer.encode(text)
    }
    guard let encoder else {
      throw TaskError(.unsupported, "the reward model has no chat template for messages")
    }
    guard let messages = try? JSONValue(parsing: prompt).array else {
      throw TaskError(.data, "a prompt of messages must be a JSON array of {role, content}")
    }
    let answered = messages + [Self.message("assistant", answer)]
    return tokenizer.encode(try encoder.render(messages: answered, label: label).text)
  }

  /// What the template writes behind the answer that ends a conversation.
  private static func closing(_ encoder: ConversationEncoder) throws -> String {
    let answer = "an answer", messages = [message("user", "a"), message("assistant", answer)]
    let text = try encoder.render(messages: messages, label: "a conversation to try").text
    guard let place = text.ranges(of: answer).last else {
      throw TaskError(.data, "the chat template does not write the assistant's words as they are")
    }
    return String(text[place.upperBound...])
  }

  private static func message(_ role: String, _ content: String) -> JSONValue {
    ["role": .string(role), "content": .string(content)]
  }
}
