import Adapters
import ArgumentParser
import Formats
import Generation
import JSON
import Models
import Runs
import Tensors

/// `host bench rollouts`
struct BenchRollouts: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollouts",
    abstract: "Times drawing groups of completions, as GRPO draws them.",
    discussion: """
      Prompts are random ids, tokens are drawn at temperature 1 and never end early.
      A step of decoding reads every matrix once, each prompt's keys and values once
      for its group, and those of the completions; it multiplies every matrix with a
      row of each sequence. What it reaches is told as shares of both ceilings, which
      are measured in the same process. Rates are medians of the runs, with the
      extremes.

      Examples:
        host bench rollouts --model nano-qwen3
        host bench rollouts --model ./smollm2 --prompt-tokens 256 --prompts 2 \\
          --completions 8 --new-tokens 64 --bf16
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var quantization: QuantizationOptions
  @Option(help: ArgumentHelp("Prompts of a sampling.", valueName: "prompts")) var prompts = 2
  @Option(help: ArgumentHelp("Completions of each.", valueName: "completions"))
  var completions = 8
  @Option(help: ArgumentHelp("Tokens of a prompt.", valueName: "tokens")) var promptTokens = 256
  @Option(help: ArgumentHelp("Tokens of a completion.", valueName: "tokens")) var newTokens = 64
  @Option(help: ArgumentHelp("Sequences decoded at once.", valueName: "sequences")) var slots = 16
  @Option(
    name: .customLong("lora-r"),
    help: ArgumentHelp("Rank of the adapters; 0 for none.", valueName: "r"))
  var rank = 16
  @Option(help: ArgumentHelp("Timed runs, after one to warm up.", valueName: "runs")) var runs = 3
  @Flag(help: "bf16 operands in matrix products (AVX512-BF16); the ceiling stays that of f32.")
  var bf16 = false
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard prompts > 0, completions > 0, promptTokens > 0, slots > 0, runs > 0, newTokens > 1,
      rank >= 0
    else {
      throw ValidationError(
        "--new-tokens must be greater than 1, --lora-r 0 or more, the other numbers greater than 0."
      )
    }
    guard !bf16 || Engine.hasBF16 else {
      throw ValidationError("--bf16 needs a processor with AVX512-BF16, which this one lacks.")
    }
  }

  func run() throws {
    try openEngine()
    Engine.usesBF16 = bf16
    let folder = try self.model.folder(), model = try quantization.open(folder)
    if rank > 0 {
      let config = AdapterConfig(
        LoRAConfig(r: rank, alpha: 2 * Double(rank), targets: AdapterTargets(.allLinear)),
        baseModel: folder)
      _ = try AdapterSet.fresh(config, on: model.seats, seed: 1)
    }
    let sampler = try RolloutSampler(
      model: model, vocabulary: model.config.vocabularySize, stopTokens: [],
      maximumNewTokens: newTokens, sampler: Sampler(temperature: 1), slots: slots)
    let texts = asked(model)
    _ = try sampler(texts, count: completions)  // Warms up.
    let watch = Stopwatch()
    let costs = try watch.measure {
      try (0..<runs).map { _ in try sampler(texts, count: completions).statistics }
    }
    let peak = Machine.peakMemory  // Before the ceilings are measured, which takes memory.
    print(costs, watch, model, peak, folder)
  }

  private func asked(_ model: CausalLanguageModel) -> [Prompt] {
    let vocabulary = UInt64(model.config.vocabularySize), random = Random(seed: 1)
    return (0..<prompts).map { row in
      Prompt(
        ids: (0..<promptTokens).map { Int32(random.bits(row * promptTokens + $0) % vocabulary) },
        label: "row \(row)")
    }
  }

  private func print(
    _ costs: [GenerationStatistics], _ watch: Stopwatch, _ model: CausalLanguageModel,
    _ peak: Double, _ folder: String
  ) {
    let reading = Rates(costs.map { Double($0.promptTokens) / $0.prefillSeconds })
    // A completion's first token comes with its prompt's reading.
    let sequences = prompts * completions
    let decoding = Rates(costs.map { Double($0.generatedTokens - sequences) / $0.decodeSeconds })
    let seconds = Rates(costs.map { $0.prefillSeconds + $0.decodeSeconds })
    let step = Double(min(slots, sequences)) / decoding.median, work = Work(self, model)
    let bandwidth = work.bytes / step / 1e9, rate = work.flops / step / 1e9
    let most = max(Engine.bandwidth(), Engine.bandwidth()), ceiling = Engine.ceiling()
    guard json else {
      var table = TextTable(("", .left), ("", .right), ("", .left))
      table.append("sampling", Format.fixed(seconds.median, 3), "s for \(sequences) completions")
      table.append("reading", Format.short(reading.median), "tokens/s, \(reading.spread)")
      table.append("decoding", Format.short(decoding.median), "tokens/s, \(decoding.spread)")
      table.append("step", Format.fixed(step * 1e3, 1), "ms")
      table.append("memory read", Format.fixed(bandwidth, 1), "GB/s while decoding")
      table.append("ceiling", Format.fixed(most, 1), "GB/s")
      table.append("share", Format.percent(bandwidth / most), "")
      table.append("products", Format.fixed(rate, 1), "GFLOP/s while decoding")
      table.append("ceiling", Format.fixed(ceiling, 1), "GFLOP/s of f32")
      table.append("share", Format.percent(rate / ceiling), "")
      table.append("peak memory", Format.fixed(peak, 0), "MiB")
      return Console.print(table.text + "\n\n" + operations(watch, costs))
    }
    let report: JSONValue = [
      "model": .string(folder),
      "quantization": quantization.quantization.map { JSONValue.string($0.name) } ?? .null,
      "prompts": .int(prompts), "completions": .int(completions),
      "prompt_tokens": .int(promptTokens), "new_tokens": .int(newTokens), "slots": .int(slots),
      "lora_r": .int(rank), "bf16": .bool(bf16), "threads": .int(Parallel.threads),
      "seconds": .double(seconds.median), "prefill_tokens_per_second": .double(reading.median),
      "decode_tokens_per_second": .double(decoding.median),
      "all_decode_tokens_per_second": .array(decoding.all.map(JSONValue.double)),
      "bandwidth_gb_per_second": .double(bandwidth),
      "bandwidth_ceiling_gb_per_second": .double(most),
      "share_of_bandwidth": .double(bandwidth / most), "gflops": .double(rate),
      "ceiling_gflops": .double(ceiling), "share_of_ceiling": .double(rate / ceiling),
      "peak_rss_mib": .double(peak),
    ]
    Console.print(report.text(.pretty))
  }

  /// Where the time went, reading and decoding together.
  private func operations(_ watch: Stopwatch, _ costs: [GenerationStatistics]) -> String {
    let total = costs.reduce(0) { $0 + $1.prefillSeconds + $1.decodeSeconds }
    var table = TextTable(
      ("operation", .left), ("ms", .right), ("share", .right), ("GFLOP/s", .right))
    func append(_ name: String, _ seconds: Double, _ flops: Double) {
      table.append(
        name, Format.fixed(seconds / Double(runs) * 1e3, 1), Format.percent(seconds / total),
        flops > 0 ? Format.fixed(flops / seconds / 1e9, 1) : "")
    }
    for (name, entry) in watch.entries { append(name, entry.seconds, entry.flops) }
    append("the rest", total - watch.entries.reduce(0) { $0 + $1.entry.seconds }, 0)
    return table.text
  }
}

extension BenchRollouts {
  /// What one step of decoding must read and multiply.
  private struct Work {
    let bytes: Double, flops: Double

    init(_ bench: BenchRollouts, _ model: CausalLanguageModel) {
      let linears = model.modules.linears, heads = model.config.heads
      let sequences = min(bench.slots, bench.prompts * bench.completions)
      let groups = (sequences + bench.completions - 1) / bench.completions
      let token = Double(model.config.layers * 2 * heads.keys * heads.width * 4)
      let own = Double(bench.newTokens) / 2, shared = Double(bench.promptTokens)
      let adapters = linears.reduce(0) { $0 + bench.rank * ($1.weight.rows + $1.weight.columns) }
      bytes =
        Double(linears.reduce(0) { $0 + $1.weight.storedBytes } + 4 * adapters)
        + token * (Double(groups) * shared + Double(sequences) * own)
      let products = linears.reduce(0) { $0 + $1.weight.rows * $1.weight.columns } + adapters
      let attention = Double(2 * model.config.layers * heads.queries * heads.width)
      flops = 2 * Double(sequences) * (Double(products) + attention * (shared + own))
    }
  }
}
