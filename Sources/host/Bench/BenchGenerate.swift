import ArgumentParser
import Generation
import JSON
import Models
import Runs
import Tensors

/// `host bench generate`
struct BenchGenerate: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate", abstract: "Times reading prompts and generating tokens.",
    discussion: """
      Prompts are random ids, decoding is greedy and never stops early. A step of
      decoding reads every matrix once, and the keys and values of each text; the
      ceiling is what reading memory alone reaches in the same process. Rates are
      medians of the runs, with the extremes.

      Examples:
        host bench generate --model nano-qwen3
        host bench generate --model Qwen/Qwen3-0.6B --prompt-tokens 512 \\
          --new-tokens 64 --quantization nf4 --batch 8 --runs 5 --json
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var quantization: QuantizationOptions
  @Option(help: ArgumentHelp("Tokens of a prompt.", valueName: "tokens")) var promptTokens = 128
  @Option(help: ArgumentHelp("Tokens generated for each.", valueName: "tokens")) var newTokens = 64
  @Option(help: ArgumentHelp("Prompts answered at once.", valueName: "prompts")) var batch = 1
  @Option(help: ArgumentHelp("Timed runs, after one to warm up.", valueName: "runs")) var runs = 3
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard promptTokens > 0, newTokens > 1, batch > 0, runs > 0 else {
      throw ValidationError("--new-tokens must be greater than 1, the other numbers than 0.")
    }
  }

  func run() throws {
    try openEngine()
    let folder = try self.model.folder(), model = try quantization.open(folder)
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
    let costs = try (0..<runs).map { _ in try generator(prompts).statistics }
    let reading = Rates(costs.map { Double($0.promptTokens) / $0.prefillSeconds })
    // A prompt's first token comes with its reading.
    let decoding = Rates(costs.map { Double($0.generatedTokens - batch) / $0.decodeSeconds })
    let peak = Machine.peakMemory  // Before the ceiling is measured, which takes memory.
    let bandwidth = decoding.median / Double(batch) * bytesPerStep(model) / 1e9
    let ceiling = max(Engine.bandwidth(), Engine.bandwidth())
    guard json else {
      var table = TextTable(("", .left), ("", .right), ("", .left))
      table.append("reading", Format.short(reading.median), "tokens/s, \(reading.spread)")
      table.append("generating", Format.short(decoding.median), "tokens/s, \(decoding.spread)")
      table.append("memory read", Format.fixed(bandwidth, 1), "GB/s while generating")
      table.append("ceiling", Format.fixed(ceiling, 1), "GB/s")
      table.append("share", Format.percent(bandwidth / ceiling), "")
      table.append("peak memory", Format.fixed(peak, 0), "MiB")
      return Console.print(table.text)
    }
    let report: JSONValue = [
      "model": .string(folder),
      "quantization": quantization.quantization.map { JSONValue.string($0.name) } ?? .null,
      "prompt_tokens": .int(promptTokens), "new_tokens": .int(newTokens), "batch_size": .int(batch),
      "threads": .int(Parallel.threads), "prefill_tokens_per_second": .double(reading.median),
      "decode_tokens_per_second": .double(decoding.median),
      "all_prefill_tokens_per_second": .array(reading.all.map(JSONValue.double)),
      "all_decode_tokens_per_second": .array(decoding.all.map(JSONValue.double)),
      "bandwidth_gb_per_second": .double(bandwidth),
      "bandwidth_ceiling_gb_per_second": .double(ceiling),
      "share_of_bandwidth": .double(bandwidth / ceiling), "peak_rss_mib": .double(peak),
    ]
    Console.print(report.text(.pretty))
  }

  /// What a step of decoding must read: every matrix, and all texts' keys and values at half of their
  /// growth.
  private func bytesPerStep(_ model: CausalLanguageModel) -> Double {
    let weights = model.modules.linears.reduce(0) { $0 + $1.weight.storedBytes }
    let token = model.config.layers * 2 * model.config.heads.keys * model.config.heads.width * 4
    return Double(weights) + Double(batch * token) * (Double(promptTokens) + Double(newTokens) / 2)
  }
}
