import ArgumentParser
import Formats
import JSON
import Runs
import Tensors

/// `host merge`
struct MergeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "merge", abstract: "Puts an adapter into its base model's weights.",
    discussion: """
      Writes a model folder that needs no adapter: each changed weight is computed in
      f32 and rounded once. The folder is then opened again and held against the base
      with its adapter on stored prompts; where rounding has cost too much of the
      tuning, the merge fails and nothing is left.

      An adapter that was trained on a quantized base is merged into the numbers it
      was trained on; the result is never stored in 4 or 8 bits, where most of the
      tuning would snap back.

      Examples:
        host merge --model nano-qwen3 --adapter output/hri_dialogue \\
          --output-dir output/hri_dialogue_merged
        host merge --model Qwen/Qwen3-0.6B --adapter output/my_run/best \\
          --dtype f32 --output-dir ./merged
        host merge --model ./base --adapter ./sft --adapter ./dpo --output-dir ./both
        host merge --model ./base --adapter ./a --weight 0.7 --adapter ./b \\
          --weight 0.3 --output-dir ./mixed
        host merge --model ./merged --adapter ./a --weight=-1 --output-dir ./without
      """)

  @OptionGroup var options: ModelOptions
  @Option(
    help: ArgumentHelp(
      "A PEFT adapter's folder; of several the first is put on the base, each further one on the "
        + "result.", valueName: "folder"))
  var adapter: [String]
  @Option(
    help: ArgumentHelp(
      "For each adapter the share of what it adds, in their order: 1 for all of it (the default), -1 "
        + "to take it away.", valueName: "number"))
  var weight: [Float] = []
  @Option(help: ArgumentHelp("The folder to write; it must not exist.", valueName: "folder"))
  var outputDir: String
  @Option(
    help: ArgumentHelp("f32, bf16 or f16; without it, as the base is stored.", valueName: "type"))
  var dtype: String?
  @Option(
    help: ArgumentHelp(
      "The numbers to merge into: those that the adapter was trained on, or those of the model's own "
        + "files.", valueName: "trained|original"))
  var base = MergeRequest.Base.trained
  @Option(
    help: ArgumentHelp(
      "How the base was quantized while the adapter was trained, where no run.json tells: nf4, "
        + "nf4-single or int8.", valueName: "kind"))
  var quantization: Quantization?
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard !adapter.isEmpty else { throw ValidationError("Name an adapter with --adapter.") }
    guard weight.isEmpty || weight.count == adapter.count else {
      throw ValidationError(
        "--weight is given \(weight.count) times, --adapter \(adapter.count) times; give one for each."
      )
    }
    guard weight.allSatisfy({ $0.isFinite && $0 != 0 }) else {
      throw ValidationError("--weight must be a number other than 0.")
    }
    guard quantization == nil || base == .trained else {
      throw ValidationError(
        "--base original takes the model's own numbers; leave --quantization out.")
    }
  }

  func run() throws {
    let source = try options.folder()
    var reads = OutputGuard()
    reads.add("--model", source, .model)
    for adapter in adapter { reads.add("--adapter", adapter, .model) }
    // One that is there is refused by itself.
    if !FileSystem.exists(outputDir) {
      try reads.check(folder: outputDir, .replacesAll, option: "--output-dir")
    }
    let shares = weight.isEmpty ? adapter.map { _ in 1 } : weight
    let request = MergeRequest(
      model: source, adapters: Array(zip(adapter, shares)).map { ($0, $1) }, output: outputDir,
      dtype: try dtype.map(Self.type), base: base, quantization: quantization)
    try openEngine()
    let outcome = try MergeRun(request, tell: .console).write()
    for note in outcome.notes { Console.note(note) }
    if json { return Console.print(report(outcome).text(.pretty)) }
    print(outcome)
  }

  /// The type of a merged model's numbers.
  private static func type(_ name: String) throws -> ElementType {
    let types = ElementType.allCases
    let word = name.lowercased()
    if let type = types.first(where: { $0.rawValue.lowercased() == word || $0.torchName == word }) {
      return type
    }
    let isQuantized = ["nf4", "nf4-single", "int8", "int4", "fp4", "4bit", "8bit"].contains(word)
    throw Diagnosis(
      Diagnosis.usage,
      isQuantized
        ? "--dtype \(name): a merged model is not stored in 4 or 8 bits, where most of the tuning would "
          + "snap back; write f32, bf16 or f16, and quantize when the model is opened"
        : "--dtype '\(name)' is none of f32, bf16 and f16")
  }

  private func print(_ outcome: MergeRun.Outcome) {
    let into = outcome.quantization.map { ", into what its \($0.name) codes stand for" } ?? ""
    Console.note("merged    \(outcome.changed) tensors, rounded to \(outcome.typeName)\(into)")
    if outcome.unties {
      Console.note("untied    embedding and head are two tensors now (tie_word_embeddings: false)")
    }
    Console.note("drift     against the base with its adapter, on \(outcome.texts):")
    for line in outcome.drift.lines { Console.note("          " + line) }
    Console.note("written   \(outputDir)")
  }

  private func report(_ outcome: MergeRun.Outcome) -> JSONValue {
    [
      "output_dir": .string(outputDir), "dtype": .string(outcome.typeName),
      "base": .string(base.rawValue),
      "quantization": outcome.quantization.map { .string($0.name) } ?? .null,
      "changed_tensors": .int(outcome.changed), "untied": .bool(outcome.unties),
      "texts": .string(outcome.texts), "drift": outcome.drift.json,
    ]
  }
}

extension MergeRun.Outcome {
  fileprivate var typeName: String { type.rawValue.lowercased() }
}

extension MergeRequest.Base: ExpressibleByArgument {}
