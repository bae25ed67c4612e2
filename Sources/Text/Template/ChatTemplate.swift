import FoundationEssentials
public import JSON

/// A model's chat template: the Jinja program that turns messages into the text it was trained on.
public struct ChatTemplate: Sendable {
  /// The program.
  public let source: String
  /// Texts of the special tokens; where a turn's output ends with one, that is its end token.
  public var specialTokens: [String]
  /// The date and time that the template may write; where nobody sets it, those of its reading.
  public var now = CivilTime.now()
  /// Whether the template can write the date, so that its texts depend on `now`.
  public let usesDate: Bool

  let statements: [Statement]
  let hasGenerationBlocks: Bool
  var file: String?

  /// Parses a template.
  public init(source: String, specialTokens: [String] = []) throws(TemplateError) {
    self.source = source
    self.specialTokens = specialTokens
    let tokens = try TemplateLexer.tokens(of: source)
    usesDate = tokens.contains { $0.kind == .name("strftime_now") }
    statements = try TemplateParser.statements(of: tokens)
    hasGenerationBlocks = statements.contains(where: \.containsGeneration)
  }

  /// Reads a model folder's template: `chat_template.jinja`, else `chat_template` of
  /// `tokenizer_config.json` (a text, or a list of which the one named `default` counts); nil when
  /// the folder has none.
  public static func load(folder: String, specialTokens: [String] = []) throws(TemplateError)
    -> ChatTemplate?
  {
    let name = folder + "/chat_template.jinja"
    if FileManager.default.fileExists(atPath: name) {
      let bytes = try read(name)
      guard let source = String(validating: bytes, as: UTF8.self) else {
        throw TemplateError("not UTF-8").located(file: name)
      }
      return try parse(source, specialTokens, file: name)
    }
    let config = folder + "/tokenizer_config.json"
    guard FileManager.default.fileExists(atPath: config) else { return nil }
    let bytes = try read(config)
    let json: JSONValue
    do throws(JSONError) { json = try JSONValue(parsing: bytes) } catch {
      throw TemplateError("not JSON: \(error)").located(file: config)
    }
    guard let source = try source(in: json, file: config) else { return nil }
    return try parse(source, specialTokens, file: config)
  }

  private static func source(in config: JSONValue, file: String) throws(TemplateError) -> String? {
    switch config["chat_template"] {
    case nil, .null?: return nil
    case .string(let source)?: return source
    case .array(let named)?:
      let chosen = named.first { $0["name"]?.string == "default" }
      guard let source = chosen?["template"]?.string else {
        throw TemplateError("'chat_template' is a list without a template named 'default'")
          .located(file: file)
      }
      return source
    case let other?:
      throw TemplateError("'chat_template' is \(other.kind); write a text").located(file: file)
    }
  }

  private static func parse(_ source: String, _ specialTokens: [String], file: String)
    throws(TemplateError) -> ChatTemplate
  {
    do throws(TemplateError) {
      var template = try ChatTemplate(source: source, specialTokens: specialTokens)
      template.file = file
      return template
    } catch { throw error.located(file: file) }
  }

  private static func read(_ name: String) throws(TemplateError) -> [UInt8] {
    do { return Array(try Data(contentsOf: URL(filePath: name))) } catch {
      throw TemplateError("cannot be read").located(file: name)
    }
  }

  /// The text of a conversation, with the bytes each message takes in it.
  ///
  /// - Parameters:
  ///   - messages: Objects with `role`, `content` and what else the template knows. Reasoning may
  ///     be called `reasoning_content`, `thinking` or `reasoning`.
  ///   - tools: Schemas of functions the model may call.
  ///   - addGenerationPrompt: Whether the text ends with the header of the assistant's next turn.
  ///   - variables: Other names the template reads: `bos_token`, `enable_thinking`, …
  /// - Throws: A template that fails on these messages; the error names its line.
  public func render(
    messages: [JSONValue], tools: [JSONValue]? = nil, addGenerationPrompt: Bool = false,
    variables: [String: JSONValue] = [:]
  ) throws(TemplateError) -> RenderedChat {
    let rendering = Rendering(
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

extension Statement {
  fileprivate var containsGeneration: Bool {
    switch body {
    case .generation: true
    case .conditional(let branches, let otherwise):
      (branches.flatMap(\.body) + otherwise).contains(where: \.containsGeneration)
    case .loop(let loop): (loop.body + loop.otherwise).contains(where: \.containsGeneration)
    case .macro(let macro), .call(let macro, _): macro.body.contains(where: \.containsGeneration)
    case .assignBlock(_, _, let body), .filterBlock(_, let body), .with(_, let body):
      body.contains(where: \.containsGeneration)
    default: false
    }
  }
}
