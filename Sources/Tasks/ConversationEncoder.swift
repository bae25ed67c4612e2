public import JSON
public import OrderedCollections
public import Text

/// Turns conversations into tokens: the one prompt builder, used by training, evaluation and
/// inference alike.
public struct ConversationEncoder: Sendable {
  /// The model's tokenizer.
  public let tokenizer: Tokenizer
  /// The model's chat template; it knows the tokenizer's special tokens.
  public let template: ChatTemplate
  /// What the template may read beside the messages.
  public let variables: [String: JSONValue]
  /// How clips stand in the text; nil for a model that reads text only.
  public let audio: AudioTokens?

  /// An encoder for a model's tokenizer and template. `enableThinking` is the template's variable
  /// of that name; nil leaves it unsaid.
  public init(
    tokenizer: Tokenizer, template: ChatTemplate, enableThinking: Bool? = nil,
    audio: AudioTokens? = nil
  ) {
    self.tokenizer = tokenizer
    self.audio = audio
    var template = template
    template.specialTokens = (0..<Int32(tokenizer.count)).filter(tokenizer.isSpecial)
      .compactMap(tokenizer.token(of:))
    self.template = template
    var variables = template.tokenNames.mapValues(JSONValue.string)
    let tokens = [
      "bos_token": tokenizer.bosToken, "eos_token": tokenizer.eosToken,
      "pad_token": tokenizer.padToken,
    ]
    for (name, token) in tokens { if let token { variables[name] = .string(token) } }
    variables["enable_thinking"] = enableThinking.map(JSONValue.bool)
    self.variables = variables
  }

  /// An encoder for a model's folder, which must hold a chat template: none is assumed in its
  /// place, since a model tuned with another template than it is served with answers badly. `now`
  /// is the date that the template may write; the present one when nil.
  ///
  /// `template` names one of several templates; nil has the conversation's tools choose.
  public init(
    folder: String, tokenizer: Tokenizer, enableThinking: Bool? = nil, audio: AudioTokens? = nil,
    template name: String? = nil, now: CivilTime? = nil
  ) throws(TaskError) {
    let template: ChatTemplate?
    do {
      template = try ChatTemplate.load(folder: folder, prefersProcessor: audio != nil)
    } catch { throw TaskError(.data, error.description) }
    guard var template else {
      throw TaskError(
        .data,
        "\(folder): no chat template; put the model's template there as chat_template.jinja")
    }
    if let now { template.now = now }
    template.chosenName = name
    self.init(
      tokenizer: tokenizer, template: template, enableThinking: enableThinking, audio: audio)
  }

  /// A row's conversation as the template writes it, nothing added.
  public func render(_ example: Example, label: String, addGenerationPrompt: Bool = false)
    throws(TaskError) -> RenderedChat
  {
    var messages: [JSONValue] = []
    for turn in example.turns { messages.append(try message(turn, label: label)) }
    return try render(
      messages: messages, beside: example.templateVariables, label: label,
      addGenerationPrompt: addGenerationPrompt)
  }

  /// Messages as objects (`role`, `content`, `tool_calls`, …) as the template writes them; `beside`
  /// are further variables of the template, `tools` among them.
  public func render(
    messages: [JSONValue], beside: OrderedDictionary<String, JSONValue> = [:], label: String,
    addGenerationPrompt: Bool = false
  ) throws(TaskError) -> RenderedChat {
    var variables = variables
    for (name, value) in beside where name != "tools" { variables[name] = value }
    do {
      return try template.render(
        messages: messages, tools: beside["tools"]?.array,
        addGenerationPrompt: addGenerationPrompt, variables: variables)
    } catch {
      throw TaskError(.data, "\(label): \(error)")
    }
  }

  // MARK: Tokens

  /// The tokens of a conversation followed by the header of the assistant's next turn.
  public func prompt(_ turns: [Turn]) throws(TaskError) -> [Int32] {
    tokenizer.encode(
      try render(Example(turns: turns), label: "prompt", addGenerationPrompt: true).text)
  }

  /// What a model is asked by a row, as text.
  public func question(_ example: Example, label: String) throws(TaskError) -> String {
    try render(example.with(turns: example.prompt), label: label, addGenerationPrompt: true).text
  }

  /// The tokens of each of a row's choices, as they go on after what the row asks.
  public func choices(_ example: Example, label: String) throws(TaskError) -> [[Int32]] {
    let asked = try question(example, label: label)
    return example.choices.map { tokenizer.encode($0, after: asked) }
  }

  /// What a model is asked by a row, its clips included: the tokens up to the header of the answer.
  public func prompt(_ example: Example, label: String) throws(TaskError) -> Sample {
    let ids = tokenizer.encode(try question(example, label: label))
    return try expanded(
      Sample(ids: ids, isTrained: ids.map { _ in false }, source: label, role: .prompt),
      clips(example.prompt, example.tensors, label: label))
  }

  /// The tokens of a row's conversation, and which of them are trained: those that begin in the
  /// trained part of an assistant's turn. `label` is the row as errors name it; a row without an
  /// assistant's turn, or of which no token would be trained, is an error.
  public func sample(_ example: Example, label: String) throws(TaskError) -> Sample {
    guard !example.trainedTurns.isEmpty else {
      throw TaskError(
        .data,
        "\(label): no turn with the role 'assistant' that is trained, so there is nothing to learn; "
          + "add the answer or leave the row out")
    }
    let chat = try render(example, label: label)
    try checkWritten(example, chat, label: label)
    let spans = chat.spans.filter { example.trains($0.messageIndex) }
    let tokens = tokenizer.encodeWithRanges(chat.text)
    var sample = try sample(tokens, spans.flatMap(\.trained), of: example, label: label)
    sample.omission = omission(of: example, in: chat)
    if !example.places.isEmpty {
      sample.choices = try alternatives(example.turns, chat, tokens, label: label)
    }
    return try expanded(sample, clips(example.turns, example.tensors, label: label))
  }

  /// A sample of a text's tokens, of which those are trained that begin in `ranges`.
  func sample(
    _ tokens: [Tokenizer.Token], _ ranges: [Range<Int>], of example: Example, label: String
  ) throws(TaskError) -> Sample {
    var isTrained = Self.trained(tokens, in: ranges)
    // Nothing stands before the first token that it could be predicted from.
    if !isTrained.isEmpty { isTrained[0] = false }
    guard isTrained.contains(true) else {
      throw TaskError(
        .data,
        "\(label): no token would be trained, since the chat template writes nothing for the "
          + "assistant's turns; fill their content or leave the row out")
    }
    return Sample(ids: tokens.map(\.id), isTrained: isTrained, source: label)
  }

  /// Which tokens begin inside one of the ranges.
  private static func trained(_ tokens: [Tokenizer.Token], in ranges: [Range<Int>]) -> [Bool] {
    let ranges = ranges.sorted { $0.lowerBound < $1.lowerBound }
    var next = 0
    return tokens.map { token in
      let start = token.range.lowerBound
      while next < ranges.count, ranges[next].upperBound <= start { next += 1 }
      return next < ranges.count && ranges[next].contains(start)
    }
  }

  /// Tokens that end an answer: the one with which the template ends an assistant's turn, and the
  /// tokenizer's end of text.
  public var stopTokens: Set<Int32> {
    var stops = Set([tokenizer.eosID].compactMap { $0 })
    let probe = [Turn(role: "user", text: "a"), Turn(role: "assistant", text: "b")]
    if let sample = try? sample(Example(turns: probe), label: "probe"),
      let end = sample.ids.indices.last(where: {
        sample.isTrained[$0] && tokenizer.isSpecial(sample.ids[$0])
      })
    {
      stops.insert(sample.ids[end])
    }
    return stops
  }
}
