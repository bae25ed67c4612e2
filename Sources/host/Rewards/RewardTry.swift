import Adapters
import ArgumentParser
import Formats
import FoundationEssentials
import JSON
import PluginHost
import Runs
import Tasks
import Tensors
import Text

/// `host reward try`
struct RewardTry: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "try", abstract: "Scores rows of prompt and completion, and shows what came out.",
    discussion: """
      --reward is a reward's name, a plugin file, or FILE.so:NAME where a file has
      several; given several times, all score the same rows. The rows are JSONL
      objects with prompt, completion and, where the reward wants them, metadata,
      tokens, truncated and reference; a run's rewards.jsonl will do. A reward that does not come with the program runs
      in a worker process, unless --no-isolate.

      Examples:
        host reward try --reward ./libbrevity.so --data rows.jsonl \\
          --config '{"target": 40}'
        host reward try --reward ./liba.so --reward ./libb.so --data rows.jsonl \\
          --json
        host reward try --reward ./libjudge.so --data rows.jsonl --model nano-qwen3
      """)

  @Option(help: ArgumentHelp("The reward; may be given several times.", valueName: "name"))
  var reward: [String]
  @Option(help: ArgumentHelp("The rows.", valueName: "file")) var data: String
  @Option(
    help: ArgumentHelp(
      "The reward's configuration, a JSON object; one for all rewards, or one for each.",
      valueName: "json"))
  var config: [String] = []
  @Option(help: ArgumentHelp("Completions in a batch.", valueName: "rows")) var batchSize = 64
  @Option(help: ArgumentHelp("Score the first rows only.", valueName: "rows")) var limit: Int?
  @Option(
    help: ArgumentHelp(
      "What follows when a reward fails on a batch: stop or abstain.",
      valueName: "policy"))
  var onRewardError = RewardErrorPolicy.stop
  @Option(help: ArgumentHelp("Write a line for every row.", valueName: "file")) var output: String?
  @OptionGroup(title: "Isolation") var isolation: IsolationOptions
  @OptionGroup(title: "A model for rewards that ask one") var judge: JudgeModelOptions
  @OptionGroup var plugins: PluginOptions
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard batchSize > 0 else { throw ValidationError("--batch-size must be greater than 0.") }
    guard limit ?? 1 > 0 else { throw ValidationError("--limit must be greater than 0.") }
    guard [0, 1, reward.count].contains(config.count) else {
      throw ValidationError(
        "Give one --config for all rewards, or one for each: there are \(reward.count) rewards and "
          + "\(config.count) configurations.")
    }
  }

  func run() throws {
    let rows = try Array(completions(inFile: data).prefix(limit ?? .max))
    try checkOutput()
    let catalog = plugins.catalog()
    catalog.services.offer(
      ScoreDesk(template: nil, tell: .console, isCancelled: catalog.isCancelled)
        as any ScoreService)
    try judge.offer(in: catalog)
    let rewards = try reward.indices.map { index in
      try TriedReward(try request(index), in: catalog)
    }
    let panel = RewardPanel(
      RewardTrial.labels(rewards).enumerated().map {
        RewardPanel.Member(name: $0.element, weight: 1, reward: rewards[$0.offset])
      }, toleratesFailure: onRewardError == .abstain)
    let scored = try score(rows, panel)
    let trial = RewardTrial(panel: panel, rewards: rewards, scored: scored)
    Console.print(json ? trial.json.text(.pretty) : trial.description)
    try write(scored)
  }

  /// Says that the file cannot be written before anything is scored, where that can be known.
  private func checkOutput() throws {
    guard let output else { return }
    var reads = OutputGuard()
    reads.add("--data", data, .data)
    try reads.check(file: output, option: "--output")
    _ = try DurableFile.place(of: output)
    let end = output.lastIndex(of: "/").map { output[..<$0] } ?? "."
    let folder = end.isEmpty ? "/" : String(end)
    guard FileSystem.isFolder(folder),
      FileManager.default.isWritableFile(atPath: folder)
    else {
      throw Diagnosis(
        Diagnosis.failed, "--output \(output): no file can be written there; name another one")
    }
  }

  private func score(_ rows: [Completion], _ panel: RewardPanel) throws -> [ScoredCompletion] {
    var scored: [ScoredCompletion] = []
    var bar = ProgressBar("scoring", total: rows.count, unit: "rows")
    defer { bar.finish() }
    for first in stride(from: 0, to: rows.count, by: batchSize) {
      let batch = Array(rows[first..<min(first + batchSize, rows.count)])
      do throws(RewardPanel.Failure) { scored += try panel.score(batch) } catch {
        // The reward's error is what matters, also where its rows cannot be kept.
        do { try write(scored + error.batch) } catch let fault { Console.note("host: \(fault)") }
        throw error.error
      }
      bar.update(scored.count)
    }
    return scored
  }

  private func write(_ scored: [ScoredCompletion]) throws {
    guard let output else { return }
    _ = try DurableFile.write(scored.map { $0.json.text() + "\n" }.joined(), to: output)
  }

  private func request(_ index: Int) throws -> RewardRequest {
    var request = RewardRequest(name: reward[index], limits: try isolation.limits())
    request.isIsolated = isolation.isolate
    guard let text = config.count == 1 ? config.first : config.dropFirst(index).first else {
      return request
    }
    guard let json = try? JSONValue(parsing: text), json.object != nil else {
      throw Diagnosis(
        Diagnosis.usage,
        "--config \(text): not a JSON object; write for instance "
          + "--config '{\"target\": 40}'")
    }
    request.configuration = json
    return request
  }
}

extension RewardErrorPolicy: ExpressibleByArgument {}

/// `--isolate`, `--timeout`, `--memory-limit`
struct IsolationOptions: ParsableArguments {
  @Flag(
    inversion: .prefixedNo,
    help: "Run rewards in worker processes. (default: those that do not come with the program)")
  var isolate: Bool?
  @Option(help: ArgumentHelp("The time for a batch in a worker.", valueName: "seconds"))
  var timeout = 60.0
  @Option(help: ArgumentHelp("The memory that a worker may allocate.", valueName: "amount"))
  var memoryLimit = "2GB"

  /// What a worker may use.
  func limits() throws -> WorkerLimits {
    guard let memory = ByteCount(memoryLimit), memory.bytes >= 1_000_000 else {
      throw Diagnosis(
        Diagnosis.usage,
        "--memory-limit \(memoryLimit): write an amount of memory like 2GB, at least 1MB")
    }
    guard timeout > 0, timeout <= 1e9 else {
      throw Diagnosis(Diagnosis.usage, "--timeout must be greater than 0, at most 1e9")
    }
    return WorkerLimits(timeout: .seconds(timeout), memory: memory.bytes)
  }
}

/// `--model`, `--quantization`, `--adapter`, all of them optional
struct JudgeModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The model whose tokenizer and answers rewards may ask for.",
      valueName: "folder"))
  var model: String?
  @OptionGroup var quantization: QuantizationOptions
  @Option(help: ArgumentHelp("A PEFT adapter's folder to put on the model.", valueName: "folder"))
  var adapter: String?

  /// Opens the model, where one is named, and offers it to plugins.
  func offer(in catalog: PluginCatalog) throws {
    guard let model else {
      guard adapter == nil else { throw Diagnosis(Diagnosis.usage, "--adapter needs --model") }
      return
    }
    let folder = try ModelFolder.find(model)
    let weights = try quantization.open(folder)
    let tokenizer = try Tokenizer(folder: folder, rows: weights.config.vocabularySize)
    let adapters = try adapter.map {
      try AdapterSet.load(folder: $0, on: weights, of: folder, tell: .console)
    }
    try openEngine()
    let encoder = try? ConversationEncoder(folder: folder, tokenizer: tokenizer)
    var stops = try tokenizer.endTokens(ofModelIn: folder, weights.config)
    stops.formUnion(encoder?.stopTokens ?? [])
    catalog.services.offer(tokenizer, folder: folder)
    let desk = ModelDesk(
      tokenizer, encoder: encoder, stopTokens: stops, isCancelled: catalog.isCancelled)
    desk.open(weights, adapters: adapters)
    catalog.services.offer(desk as any ModelService)
  }
}
