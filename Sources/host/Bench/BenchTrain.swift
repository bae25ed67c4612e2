import Adapters
import ArgumentParser
import Formats
import JSON
import Models
import Runs
import Tensors
import Training

/// `host bench train`
struct BenchTrain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Times optimizer steps of a method, with AdamW.",
    discussion: """
      Rows are random ids; the last --supervised tokens of each are trained. FLOPs
      are those that the step needs, counted on paper: recomputation does not count.
      The ceiling is measured in the same process with multiply-adds in registers.

      Examples:
        host bench train --model nano-qwen3 --seq 256 --batch 4
        host bench train --model nano-qwen3 --set peft.use_dora=true
        host bench train --model nano-qwen3 --objective dpo --seq 320 --batch 2 \\
          --supervised 64
        host bench train --model nano-qwen3 --objective grpo --seq 320 --batch 2 \\
          --supervised 64 --group 8
        HOST_THREADS=2 host bench train --model ./qwen3-0.6b --seq 512 --batch 1 \\
          --steps 5 --supervised 256 --json
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var quantization: QuantizationOptions
  @Option(
    help: ArgumentHelp(
      "sft; dpo: a row is a pair whose texts share all but their trained tokens; grpo: a group that the "
        + "model samples.",
      valueName: "type"))
  var objective = Throughput.Objective.sft
  @Flag(
    help: "dpo: compute the reference in each step, as a run's first epoch does, not once before.")
  var computeReference = false
  @Option(help: ArgumentHelp("Tokens of a text.", valueName: "tokens")) var seq = 512
  @Option(help: ArgumentHelp("Rows of a step.", valueName: "rows")) var batch = 1
  @Option(help: ArgumentHelp("Timed steps, after one to warm up.", valueName: "steps"))
  var steps = 5
  @Option(
    help: ArgumentHelp(
      "Trained tokens at each text's end; all when left out.",
      valueName: "tokens"))
  var supervised: Int?
  @Option(
    help: ArgumentHelp(
      "What is trained, by its name in a recipe, with the recipe's defaults.", valueName: "method"))
  var method = PEFTRecipe.Method.lora
  @Option(name: .customLong("lora-r"), help: ArgumentHelp("Rank of the adapters.", valueName: "r"))
  var rank = 16
  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "A setting of the method as in a recipe, peft.use_dora=true for one; can be repeated.",
      valueName: "key=value"))
  var settings: [String] = []
  @Option(help: ArgumentHelp("grpo: completions of a prompt.", valueName: "number"))
  var group = 8
  @Flag(help: "Compute activations twice to save memory.") var checkpointing = false
  @Flag(help: "bf16 operands in matrix products (AVX512-BF16); the ceiling stays that of f32.")
  var bf16 = false
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard seq > 1, batch > 0, steps > 0, rank > 0, supervised ?? 1 > 0, group > 1 else {
      throw ValidationError(
        "--seq and --group must be greater than 1, the other numbers greater than 0.")
    }
    guard objective == .dpo || !computeReference else {
      throw ValidationError("--compute-reference belongs to --objective dpo.")
    }
    guard objective == .sft || (supervised ?? seq) < seq else {
      throw ValidationError(
        "--objective \(objective.rawValue) needs --supervised, smaller than --seq.")
    }
    if let other = settings.first(where: { !$0.hasPrefix("peft.") }) {
      throw ValidationError("--set \(other): the method's own keys alone count here, peft.…")
    }
    guard method != .full else {
      throw ValidationError("--method full is not timed; name a method of adapters.")
    }
    guard !bf16 || Engine.hasBF16 else {
      throw ValidationError("--bf16 needs a processor with AVX512-BF16, which this one lacks.")
    }
  }

  func run() throws {
    try openEngine()
    Engine.usesBF16 = bf16
    let folder = try self.model.folder(), program = Machine.currentMemory
    let model = try quantization.open(folder)
    model.usesCheckpointing = checkpointing
    let throughput = Throughput(
      objective, length: seq, batch: batch, steps: steps, supervised: supervised ?? seq,
      computesReference: computeReference, group: group)
    let config = try adapter(on: folder, model.config)
    let plan = MemoryPlan(
      TrainingSetup(model, quantization: nil, adapters: config), batch: throughput.planned,
      usesCheckpointing: checkpointing, program: program)
    let adapters = try AdapterSet.fresh(config, on: model.seats, seed: 1)
    // Before and after, the better one counts: another program may take the processor meanwhile.
    let early = Engine.ceiling()
    var bar = ProgressBar("steps", total: steps + 1, unit: "steps")
    let result = try throughput.measure(model, .adapter(adapters)) { bar.update($0) }
    bar.finish()
    let ceiling = max(early, Engine.ceiling())
    print(result, of: throughput, ceiling: ceiling, peak: Machine.peakMemory, plan, folder)
  }

  private func adapter(on folder: String, _ model: ModelConfig) throws -> AdapterConfig {
    var settings = ["peft.method=\(method.rawValue)"]
    if method == .lora { settings += ["peft.r=\(rank)", "peft.lora_alpha=\(2 * rank)"] }
    settings += self.settings
    let recipe = try Recipe(layers: settings.map { try .setting($0) }, isWhole: false)
    // No method begins as a text unless it is named one.
    return try recipe.peft.adapter(on: folder, model: model) { _ in [] }
  }

  private func print(
    _ result: Throughput.Result, of throughput: Throughput, ceiling: Double, peak: Double,
    _ plan: MemoryPlan, _ folder: String
  ) {
    let seconds = result.median, learning = seconds - (result.medianSampling ?? 0)
    let rate = result.flops / learning / 1e9
    let tokens = Double(throughput.tokens) / seconds
    guard json else {
      var table = TextTable(("", .left), ("", .right), ("", .left))
      table.append("tokens", Format.short(tokens), "/s")
      table.append("step", Format.fixed(seconds, 3), "s, median of \(result.seconds.count)")
      if let sampling = result.medianSampling {
        let drawn = Double(batch * group * (supervised ?? seq)) / sampling
        table.append("sampling", Format.fixed(sampling, 3), "s, \(Format.short(drawn)) tokens/s")
        table.append("learning", Format.fixed(learning, 3), "s")
      }
      table.append("rate", Format.fixed(rate, 1), "GFLOP/s")
      table.append("ceiling", Format.fixed(ceiling, 1), "GFLOP/s")
      table.append("share", Format.percent(rate / ceiling), "")
      table.append("peak memory", Format.fixed(peak, 0), "MiB")
      table.append("as planned", Format.fixed(Double(plan.total) / 1_048_576, 0), "MiB")
      return Console.print(table.text + "\n\n" + operations(result))
    }
    let count = Double(result.seconds.count)
    let report: JSONValue = [
      "model": .string(folder), "objective": .string(objective.rawValue),
      "sequence_length": .int(seq), "batch_size": .int(batch),
      "supervised": .int(supervised ?? seq), "method": .string(method.rawValue),
      "settings": .array(settings.map(JSONValue.string)),
      "lora_r": method == .lora ? .int(rank) : .null,
      "threads": .int(Parallel.threads), "bf16": .bool(bf16), "tokens_per_second": .double(tokens),
      "step_seconds": .double(seconds),
      "sampling_seconds": result.medianSampling.map(JSONValue.double) ?? .null,
      "learning_seconds": .double(learning),
      "all_step_seconds": .array(result.seconds.map(JSONValue.double)),
      "gflops": .double(rate), "ceiling_gflops": .double(ceiling),
      "share_of_ceiling": .double(rate / ceiling), "peak_rss_mib": .double(peak),
      "planned_mib": .double(Double(plan.total) / 1_048_576),
      "losses": .array(result.losses.map(JSONValue.double)),
      "operations": .array(
        result.operations.map {
          [
            "name": .string($0.name), "forward_seconds": .double($0.entry.forward / count),
            "backward_seconds": .double($0.entry.backward / count),
            "gflops": .double($0.entry.flops / $0.entry.seconds / 1e9),
          ]
        }),
    ]
    Console.print(report.text(.pretty))
  }

  /// Where a step's time went.
  private func operations(_ result: Throughput.Result) -> String {
    let count = Double(result.seconds.count), total = result.seconds.reduce(0, +)
    var table = TextTable(
      ("operation", .left), ("forward ms", .right), ("backward ms", .right), ("share", .right),
      ("GFLOP/s", .right))
    func append(_ name: String, _ forward: Double, _ backward: Double, _ flops: Double) {
      let seconds = forward + backward
      table.append(
        name, Format.fixed(forward / count * 1e3, 1), Format.fixed(backward / count * 1e3, 1),
        Format.percent(seconds / total), flops > 0 ? Format.fixed(flops / seconds / 1e9, 1) : "")
    }
    for (name, entry) in result.operations {
      append(name, entry.forward, entry.backward, entry.flops)
    }
    append("other", total - result.operations.reduce(0) { $0 + $1.entry.seconds }, 0, 0)
    return table.text
  }
}

extension Throughput.Objective: ExpressibleByArgument {}
extension PEFTRecipe.Method: ExpressibleByArgument {}
