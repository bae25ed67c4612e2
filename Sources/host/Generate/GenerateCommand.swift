import ArgumentParser
import Formats
import Generation
import JSON
import Runs
import Tasks
import Text

/// `host generate`
struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Continues texts, or answers conversations.",
    discussion: """
      A --prompt is continued as it is, after the token that begins a text where the
      tokenizer sets one; with --chat it becomes a user's message.
      --messages takes a JSON array of messages, or JSONL with one conversation a
      line ({"messages": […]}, beside it "tools", "documents" and
      "chat_template_kwargs"). Answers do not depend on what they are batched with.

      Examples:
        host generate --model nano-qwen3 --prompt "Once upon a time"
        host generate --model nano-qwen3 --adapter output/hri_dialogue --chat \\
          --prompt "Bring me the red cup." --prompt "Where are you?"
        host generate --model Qwen/Qwen3-0.6B --messages questions.jsonl \\
          --temperature 0.7 --top-p 0.9 --batch-size 16 --json
        echo '{"messages": […]}' | host generate --model nano-qwen3 --messages -
      """)

  @OptionGroup var model: TunedModelOptions
  @Option(help: ArgumentHelp("A text; may be given several times.", valueName: "text"))
  var prompt: [String] = []
  @Flag(help: "Treat each --prompt as a user's message.") var chat = false
  @Option(help: ArgumentHelp("A system message for --chat.", valueName: "text"))
  var system: String?
  @Option(
    help: ArgumentHelp("Conversations, JSON or JSONL; - reads standard input.", valueName: "file"))
  var messages: String?
  @Flag(inversion: .prefixedNo, help: "The template's variable enable_thinking.")
  var thinking: Bool?
  @OptionGroup var date: TemplateDateOption
  @OptionGroup(title: "Sampling") var sampling: SamplingOptions
  @Option(help: ArgumentHelp("Prompts answered at once.", valueName: "prompts")) var batchSize = 8
  @Flag(help: "Print one JSON object a line, with token ids.") var json = false

  func validate() throws {
    guard !prompt.isEmpty || messages != nil else {
      throw ValidationError("Give at least one --prompt, or --messages.")
    }
    guard system == nil || chat else { throw ValidationError("--system needs --chat.") }
    guard batchSize > 0 else { throw ValidationError("--batch-size must be greater than 0.") }
  }

  func run() throws {
    // Bad settings and bad files are said before a large model is opened.
    _ = try sampling.sampler()
    let conversations = try messages.map(Self.conversations) ?? []
    let (model, _, folder) = try model.load()
    let tokenizer = try Tokenizer(folder: folder, rows: model.config.vocabularySize)
    var texts = chat ? [] : prompt
    let alone = texts.count  // those that no template writes
    var stops = try tokenizer.endTokens(ofModelIn: folder, model.config)
    try GenerationConfig(folder: folder).notes.forEach { Console.note("note: \($0)") }
    if chat || messages != nil {
      let encoder = try ConversationEncoder(
        folder: folder, tokenizer: tokenizer, enableThinking: thinking,
        now: date.templateDate)
      let asked =
        chat
        ? prompt.map { Conversation(system: system, user: $0, place: "--prompt") } : []
      texts += try (asked + conversations).map {
        try $0.rendered(encoder, ending: .generationPrompt)
      }
      stops.formUnion(encoder.stopTokens)
    }
    let generator = try sampling.generator(model, tokenizer, stopTokens: stops)
    let prompts = texts.enumerated().map {
      Prompt(
        ids: $0.offset < alone ? tokenizer.encodeAlone($0.element) : tokenizer.encode($0.element),
        label: "prompt \($0.offset)")
    }
    try answer(prompts, texts, generator, tokenizer)
  }

  private func answer(
    _ prompts: [Prompt], _ texts: [String], _ generator: Generator, _ tokenizer: Tokenizer
  ) throws {
    var statistics = GenerationStatistics()
    if prompts.count == 1, !json, Console.output.isTerminal {
      statistics = try stream(prompts[0], texts[0], generator, tokenizer)
    } else {
      var bar = ProgressBar("answering", total: prompts.count, unit: "prompts")
      for first in stride(from: 0, to: prompts.count, by: batchSize) {
        let range = first..<min(first + batchSize, prompts.count)
        let (sequences, cost) = try generator(Array(prompts[range]))
        statistics += cost
        bar.finish()
        for (index, sequence) in zip(range, sequences) {
          print(
            index, texts[index], prompts[index].ids, sequence, tokenizer,
            isOnly: prompts.count == 1)
        }
        bar.update(range.upperBound)
      }
      bar.finish()
    }
    Console.note(
      Style.dim(
        "\(statistics.promptTokens) tokens read, \(statistics.generatedTokens) generated, "
          + "\(Format.short(statistics.tokensPerSecond)) tokens/s", on: Console.error))
  }

  /// Prints the tokens of one answer as they come.
  private func stream(
    _ prompt: Prompt, _ text: String, _ generator: Generator, _ tokenizer: Tokenizer
  ) throws -> GenerationStatistics {
    if !chat, messages == nil { Console.output.write(Style.dim(text)) }
    let answer = try printAnswer(prompt, generator, tokenizer)
    Console.output.write("\n")
    if let remark = answer.remark { Console.note(Style.dim(remark, on: Console.error)) }
    return answer.statistics
  }

  private func print(
    _ index: Int, _ prompt: String, _ promptIDs: [Int32], _ sequence: GeneratedSequence,
    _ tokenizer: Tokenizer, isOnly: Bool
  ) {
    let answer = tokenizer.decode(sequence.ids, skipSpecialTokens: true)
    guard json else {
      if !isOnly { Console.print(Style.dim("── \(index)")) }
      return Console.print(answer)
    }
    let line: JSONValue = [
      "index": .int(index), "prompt": .string(prompt),
      "prompt_ids": .array(promptIDs.map { .int(Int($0)) }), "text": .string(answer),
      "ids": .array(sequence.ids.map { .int(Int($0)) }),
      "finish_reason": .string(sequence.finishReason.rawValue),
      "stop_token": sequence.stopToken.map { .int(Int($0)) } ?? nil,
    ]
    Console.print(line.text(.spaced))
  }

  /// The conversations of a JSON or JSONL file.
  private static func conversations(_ path: String) throws -> [Conversation] {
    let bytes = try readInput(path)
    if let whole = try? JSONValue(parsing: bytes), whole.array != nil || whole["messages"] != nil {
      // An array of objects with "messages" is a list of conversations.
      if let list = whole.array, let first = list.first, first["messages"] != nil {
        return try list.enumerated().map {
          try Conversation(json: $0.element, place: "\(path) row \($0.offset)")
        }
      }
      return [try Conversation(json: whole, place: path)]
    }
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    var conversations: [Conversation] = []
    for (index, line) in lines.enumerated() where line.contains(where: { $0 > 0x20 }) {
      let place = "\(path):\(index + 1)"
      let json: JSONValue
      do { json = try JSONValue(parsing: Array(line)) } catch {
        throw FormatError(.malformed, place, "not JSON: \(error.message)")
      }
      conversations.append(try Conversation(json: json, place: place))
    }
    guard !conversations.isEmpty else {
      throw FormatError(.malformed, path, "the file holds no conversation")
    }
    return conversations
  }
}

/// An answer that was printed: its text without special tokens, and what it cost.
struct PrintedAnswer {
  let text: String, statistics: GenerationStatistics
  /// What is to be said of an answer that has no end of its own; nil where it has one.
  let remark: String?
}

/// Prints one answer token by token; `AnswerStop` ends it.
func printAnswer(
  _ prompt: Prompt, _ generator: Generator, _ tokenizer: Tokenizer
) throws -> PrintedAnswer {
  var decoder = StreamingDecoder(tokenizer, skipSpecialTokens: true), text = ""
  func show(_ part: String) {
    text += part
    Console.output.write(part)
  }
  let (sequences, statistics) = try generator([prompt]) { _, id in
    show(decoder.append(id))
    return AnswerStop.isWanted ? .stop : .proceed
  }
  show(decoder.finish())
  let isCut = sequences[0].finishReason == .length
  let cut =
    "(cut after \(sequences[0].ids.count) tokens; --max-new-tokens sets the limit)"
  return PrintedAnswer(
    text: text, statistics: statistics,
    remark: AnswerStop.isWanted ? "(stopped)" : isCut ? cut : nil)
}
