public import JSON

/// A model's chat template: the Jinja program that turns messages into the text it was trained on.
/// Some models have several by name: `tool_use` is rendered where the conversation has tools,
/// `default` elsewhere, as the original library chooses.
public struct ChatTemplate: Sendable {
  /// A program and what it is called. One that cannot be read is an error when it is needed, so that
  /// a template nobody asks for is in nobody's way.
  struct Named: Sendable {
    let name: String, source: String
    let program: Result<TemplateProgram, TemplateError>

    init(name: String, source: String, file: String? = nil) {
      (self.name, self.source) = (name, source)
      do throws(TemplateError) {
        program = .success(try TemplateProgram(source: source, file: file))
      } catch { program = .failure(error) }
    }
  }

  private let named: [Named]
  /// Texts of the special tokens; where a turn's output ends with one, that is its end token.
  public var specialTokens: [String]
  /// The names that the model's files give to tokens, which templates may read: `bos_token`, …
  public internal(set) var tokenNames: [String: String] = [:]
  /// The date and time that the template may write; where nobody sets it, those of its reading.
  public var now = CivilTime.now()
  /// The template that is rendered whatever the conversation has; nil to choose by its tools.
  public var chosenName: String?

  /// Parses a template.
  public init(source: String, specialTokens: [String] = []) throws(TemplateError) {
    try self.init([Named(name: "default", source: source)], specialTokens: specialTokens)
  }

  /// Templates by name, in the order of their names; the one that plain conversations need must be
  /// readable.
  init(_ named: [Named], specialTokens: [String]) throws(TemplateError) {
    self.named = named.sorted { $0.name.precedes($1.name) }
    self.specialTokens = specialTokens
    if let standard = named.first(where: { $0.name == "default" }) {
      _ = try standard.program.get()
    }
  }

  /// The names of the templates; a model that has one alone calls it `default`.
  public var names: [String] { named.map(\.name) }

  /// The program; of several, all of them with their names. What else a text depends on are the
  /// messages, the variables and, where the template uses it, the date.
  public var source: String {
    guard named.count != 1 || named[0].name != "default" else { return named[0].source }
    return named.map { "{# \($0.name) #}\n\($0.source)\n" }.joined()
  }

  /// The program of plain conversations; nil where none is named so.
  public var standard: String? { named.first { $0.name == "default" }?.source }

  /// Whether the word stands in a template, so that it may read a member of that name.
  public func mentions(_ word: String) -> Bool {
    let text = Array(source.utf8)
    func isLetter(_ place: Int) -> Bool {
      guard text.indices.contains(place) else { return false }
      return text[place] == UInt8(ascii: "_") || Unicode.Scalar(text[place]).properties.isAlphabetic
    }
    return source.ranges(ofPart: word)
      .contains { !isLetter($0.lowerBound - 1) && !isLetter($0.upperBound) }
  }

  /// Whether a template can write the date, so that texts depend on `now`.
  public var usesDate: Bool {
    named.contains { (try? $0.program.get())?.usesDate == true }
  }

  /// The program for a conversation with or without tools.
  func program(hasTools: Bool) throws(TemplateError) -> TemplateProgram {
    func find(_ name: String) -> Named? { named.first { $0.name == name } }
    let list = names.map { "'\($0)'" }.joined(separator: ", ")
    if let chosenName {
      guard let found = find(chosenName) else {
        throw TemplateError("the model has no template '\(chosenName)'; it has \(list)")
      }
      return try found.program.get()
    }
    if hasTools, let found = find("tool_use") { return try found.program.get() }
    guard let found = find("default") else {
      throw TemplateError(
        "the model has no template named 'default'; it has \(list), of which one must be named")
    }
    return try found.program.get()
  }

  /// The text of a conversation, with the bytes each message takes in it.
  ///
  /// - Parameters:
  ///   - messages: Objects with `role`, `content` and what else the template knows; members that
  ///     are null are as if absent. Reasoning may be called `reasoning_content`, `thinking` or
  ///     `reasoning`.
  ///   - tools: Schemas of functions the model may call.
  ///   - addGenerationPrompt: Whether the text ends with the header of the assistant's next turn.
  ///   - variables: Other names the template reads: `bos_token`, `enable_thinking`, …
  /// - Throws: A template that fails on these messages; the error names its line.
  public func render(
    messages: [JSONValue], tools: [JSONValue]? = nil, addGenerationPrompt: Bool = false,
    variables: [String: JSONValue] = [:]
  ) throws(TemplateError) -> RenderedChat {
    let rendering = try Rendering(
      template: self, messages: messages, tools: tools, variables: variables)
    let output = try rendering.output(addGenerationPrompt: addGenerationPrompt)
    return RenderedChat(text: output.text, spans: try rendering.spans(of: output))
  }
}

/// A conversation as a template wrote it. Not a plain text, so that nobody adds special tokens: the
/// template has written those it wants.
public struct RenderedChat: Sendable, Hashable {
  /// The text.
  public let text: String
  /// The messages that wrote something, in the order of their text.
  public let spans: [MessageSpan]
}

/// Where a message stands in a rendered conversation. Ranges count UTF-8 bytes.
public struct MessageSpan: Sendable, Hashable {
  /// The message's index in the conversation.
  public let messageIndex: Int
  /// `system`, `user`, `assistant`, `tool`, …
  public let role: String
  /// What the template wrote for the message, header and end token included.
  public let range: Range<Int>
  /// What a model learns to write: of an assistant's turn all that follows its header, up to and
  /// including its end token, or what stands in `{% generation %}`. One range unless the template
  /// interrupts the turn with another message; empty for other roles.
  public let trained: [Range<Int>]
}
