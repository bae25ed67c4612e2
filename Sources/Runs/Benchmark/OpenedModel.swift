import Benchmarks
import Formats
import JSON
import Models
import Tasks
import Tensors
import Text

/// A model that a benchmark asks, with what makes its prompts.
struct OpenedModel {
  let folder: String, model: CausalLanguageModel, tokenizer: Tokenizer
  let style: PromptStyle, stopTokens: Set<Int32>
  private let template: String?

  init(_ folder: String, _ settings: BenchmarkRun.Settings, tell: RunObserver) throws {
    self.folder = folder
    try openEngine()
    model = try CausalLanguageModel.open(folder, settings.quantization, tell: tell)
    tokenizer = try Tokenizer(folder: folder, rows: model.config.vocabularySize)
    stopTokens = try tokenizer.endTokens(ofModelIn: folder, model.config)
    guard let chat = settings.chat else {
      (style, template) = (.plain, nil)
      if try ChatTemplate.load(folder: folder) != nil {
        tell.note(
          "\(folder) has a chat template; it is asked plain texts, as comparisons of benchmarks are "
            + "made; --chat-template asks it in its own words")
      }
      return
    }
    let encoder = try ConversationEncoder(
      folder: folder, tokenizer: tokenizer, enableThinking: chat.enablesThinking)
    let writes = settings.tasks.contains { $0.writing != nil }
    if writes, chat.enablesThinking == nil, encoder.template.mentions("enable_thinking") {
      tell.note(
        "warning: the chat template of \(folder) lets the model think before it answers, and answers "
          + "of a few hundred tokens may end within the thought; --no-thinking turns it off")
    }
    template = encoder.template.source
    style = .chat(isMultiturn: chat.isMultiturn, system: chat.system) { messages in
      try encoder.render(messages: messages, label: "the prompt", addGenerationPrompt: true).text
    }
  }

  /// What the results' file says of the model.
  func facts(
    _ subject: BenchmarkRun.Subject, _ settings: BenchmarkRun.Settings, seconds: Double
  ) -> ResultsFile.Facts {
    let adapter = subject.adapter.map { ",peft=\($0)" } ?? ""
    let parameters = model.linears.reduce(0) { $0 + $1.weight.rows * $1.weight.columns }
    var facts = ResultsFile.Facts(
      model: subject.adapter ?? subject.model, arguments: "pretrained=\(subject.model)\(adapter)",
      parameters: parameters, limit: settings.limit, contextLength: model.contextLength,
      system: settings.chat?.system, template: template,
      isMultiturn: settings.chat?.isMultiturn ?? false, date: Machine.secondsSince1970,
      seconds: seconds, version: HostVersion.current)
    if let pad = tokenizer.padToken, let id = tokenizer.padID { facts.pad = (pad, Int(id)) }
    facts.end = tokenizer.eosToken
    facts.endID = tokenizer.eosID.map(Int.init)
    facts.beginning = tokenizer.bosToken
    return facts
  }
}

extension Tokenizer {
  /// The tokens that end an answer of the model in `folder`: those that its files name, else the
  /// tokenizer's own.
  public func endTokens(
    ofModelIn folder: String, _ config: ModelConfig
  ) throws(FormatError) -> Set<Int32> {
    let advised = try GenerationConfig(folder: folder).endTokens
    let named = advised.isEmpty ? config.endTokens : advised
    if let beyond = named.first(where: { !(0..<config.vocabularySize).contains($0) }) {
      throw FormatError(
        .malformed, folder,
        "names the end token \(beyond), but the model's vocabulary ends at \(config.vocabularySize)"
      )
    }
    if !named.isEmpty { return Set(named.compactMap { Int32(exactly: $0) }) }
    return Set([eosID].compactMap { $0 })
  }
}
