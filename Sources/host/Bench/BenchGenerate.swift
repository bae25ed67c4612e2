import ArgumentParser
import Generation
import JSON
import Models
import Tensors

/// `host bench generate`
struct BenchGenerate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Times reading prompts and generating tokens.",
    discussion: """
      Prompts are random ids, decoding is greedy and never stops early.

      Examples:
        host bench generate --model nano-qwen3
        host bench generate --model Qwen/Qwen3-0.6B --prompt-tokens 512 --new-tokens 64 --json
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var quantization: QuantizationOptions
  @Option(help: ArgumentHelp("Tokens of a prompt.", valueName: "tokens")) var promptTokens = 128
  @Option(help: ArgumentHelp("Tokens generated for each.", valueName: "tokens")) var newTokens = 64
  @Option(help: ArgumentHelp("Prompts answered at once.", valueName: "prompts")) var batch = 1
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard promptTokens > 0, newTokens > 1, batch > 0 else {
      throw ValidationError("--new-tokens must be greater than 1, the other numbers than 0.")
    }
  }

  func run() throws {
    try openEngine()
    let model = try quantization.open(self.model.folder())
    let vocabulary = model.config.vocabularySize, random = Random(seed: 1)
    let prompts = (0..<batch).map { row in
      Prompt(
        ids: (0..<promptTokens).map {
          Int32(random.bits(row * promptTokens + $0) % UInt64(vocabulary))
        }, label: "row \(row)")
    }
    let generator = try Generator(
      model: model, vocabulary: vocabulary, stopTokens: [], maximumNewTokens: newTokens)
    _ = try generator(prompts)  // Warms up.
    let cost = try generator(prompts).statistics
    let reading = Double(cost.promptTokens) / cost.prefillSeconds
    // A prompt's first token comes with its reading.
    let decoding = Double(cost.generatedTokens - batch) / cost.decodeSeconds
    guard json else {
      var table = TextTable(("", .left), ("", .right), ("", .left))
      table.append("reading", Format.short(reading), "tokens/s")
      table.append("generating", Format.short(decoding), "tokens/s")
      table.append("peak memory", Format.fixed(Machine.peakMemory, 0), "MiB")
      return Console.print(table.text)
    }
    let report: JSONValue = [
      "prompt_tokens": .int(promptTokens), "new_tokens": .int(newTokens), "batch_size": .int(batch),
      "threads": .int(Parallel.threads), "prefill_tokens_per_second": .double(reading),
      "decode_tokens_per_second": .double(decoding), "peak_rss_mib": .double(Machine.peakMemory),
    ]
    Console.print(report.text(.pretty))
  }
}
