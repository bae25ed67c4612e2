import JSON
import OrderedCollections
import Text

/// Turns conversations into tokens: the one prompt builder, used by training, evaluation and
/// inference alike.
public struct ConversationEncoder: Sendable {
  /// The model's tokenizer and chat template.
  public let tokenizer: Tokenizer, template: ChatTemplate
  private let variables: [String: JSONValue]

  /// An encoder for a model's tokenizer and template. `enableThinking` is the template's variable of
  /// that name; nil leaves it unsaid.
  public init(tokenizer: Tokenizer, template: ChatTemplate, enableThinking: Bool? = nil) {
    self.tokenizer = tokenizer
    self.template = template
    var variables: [String: JSONValue] = [:]
    variables["bos_token"] = tokenizer.bosToken.map(JSONValue.string)
    variables["eos_token"] = tokenizer.eosToken.map(JSONValue.string)
    variables["pad_token"] = tokenizer.padToken.map(JSONValue.string)
    variables["enable_thinking"] = enableThinking.map(JSONValue.bool)
    self.variables = variables
  }

  /// An encoder for a model folder, which must have a chat template.
  public init(folder: String, tokenizer: Tokenizer, enableThinking: Bool? = nil) throws(TaskError) {
    let special = (0..<Int32(tokenizer.count)).filter { tokenizer.isSpecial($0) }
      .compactMap { tokenizer.token(of: $0) }
    let found: ChatTemplate?
    do { found = try ChatTemplate.load(folder: folder, specialTokens: special) } catch {
      throw TaskError(.data, error.description)
    }
    guard let template = found else {
      throw TaskError(
        .data,
        "\(folder) has no chat template; put the model's template there as chat_template.jinja")
    }
    self.init(tokenizer: tokenizer, template: template, enableThinking: enableThinking)
  }

  /// The tokens of a row's conversation, and which of them are trained: the assistant's turns with
  /// their end tokens. A row without an assistant's turn, or of which no token would be trained, is
  /// an error that names `label`.
  public func sample(_ example: Example, label: String) throws(TaskError) -> Sample {
    guard example.turns.contains(where: { $0.role == "assistant" }) else {
      throw TaskError(
        .data, "\(label): the conversation has no assistant turn, so there is nothing to learn")
    }
    let chat = try render(example.turns, label: label), trained = chat.spans.flatMap(\.trained)
    let tokens = tokenizer.encodeWithRanges(chat.text)
    var flags = [Bool](), next = 0
    flags.reserveCapacity(tokens.count)
    for token in tokens {
      while next < trained.count, trained[next].upperBound <= token.range.lowerBound { next += 1 }
      flags.append(next < trained.count && trained[next].contains(token.range.lowerBound))
    }
    if !flags.isEmpty { flags[0] = false }
    guard flags.contains(true) else {
      throw TaskError(
        .data, "\(label): no token of the conversation is trained; the chat template writes none "
          + "of the assistant's text")
    }
    return Sample(ids: tokens.map(\.id), isTrained: flags, source: label)
  }

  /// The tokens of a conversation followed by the header of the assistant's next turn.
  public func prompt(_ turns: [Turn]) throws(TaskError) -> [Int32] {
    tokenizer.encode(try render(turns, label: "prompt", addGenerationPrompt: true).text)
  }

  /// A conversation as the template writes it.
  public func render(_ turns: [Turn], label: String, addGenerationPrompt: Bool = false)
    throws(TaskError) -> RenderedChat
  {
    let messages = turns.map { turn -> JSONValue in
      ["role": .string(turn.role), "content": .string(turn.text)]
    }
    do {
      return try template.render(
        messages: messages, addGenerationPrompt: addGenerationPrompt, variables: variables)
    } catch {
      throw TaskError(.data, "\(label): \(error)")
    }
  }

  /// Tokens that end an answer: the one with which the template ends an assistant's turn, and the
  /// tokenizer's end of text.
  public var stopTokens: Set<Int32> {
    var stops = Set([tokenizer.eosID].compactMap { $0 })
    let probe = Example(turns: [Turn(role: "user", text: "a"), Turn(role: "assistant", text: "b")])
    if let sample = try? sample(probe, label: "probe"),
      let last = sample.isTrained.lastIndex(of: true), tokenizer.isSpecial(sample.ids[last])
    {
      stops.insert(sample.ids[last])
    }
    return stops
  }
}
