import ArgumentParser
import Formats
import JSON
import Rows
import Runs
import Tensors
import Training

/// `host plan`
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Shows what a training run would do, without training.",
    discussion: """
      Takes the words of `host train`, which does the same with --dry-run. Prints the
      resolved recipe as YAML, with who set a value behind it, the number of steps, the learning rate's
      curve, the operations of a step of the longest rows and the memory by kind. How
      long the step takes where this machine does nothing but multiply is a note:
      rewards are not counted. The recipe can be saved and run: `host train --config`.
      With --ranks: memory of each rank and traffic for each stage of
      distribution.stage, and with --network how fast it would be at best.

      Examples:
        host plan --task hri_dialogue
        host plan --config mine.yaml --set training_args.num_train_epochs=5 --json
        host plan --config mine.yaml --ranks 4 --network 10Gb
      """)

  @OptionGroup var task: TaskOptions
  @OptionGroup var options: RunOptions
  @Flag(help: "Print one JSON object.") var json = false
  @OptionGroup var cache: CacheOptions
  @OptionGroup var ranks: RanksOptions

  func run() throws {
    try PlanReport(task, options, cache, ranks: ranks.ranks, network: ranks.network)
      .show(asJSON: json)
  }
}

/// What a training run would do.
struct PlanReport {
  private let session: TaskSession
  private let usesCache: Bool, ranks: Int?, network: LineRate?

  /// Opens what the options name; flags that speak of a run in the output folder are said not to count.
  init(
    _ task: TaskOptions, _ options: RunOptions, _ cache: CacheOptions, ranks: Int?,
    network: LineRate?
  ) throws {
    session = try TaskSession(task.assemble(flags: options.layers()))
    usesCache = !cache.noCache
    (self.ranks, self.network) = (ranks, network)
    let unused = [
      ("--resume", options.resume), ("--overwrite", options.overwrite),
      ("--no-probe", options.noProbe), ("--download", options.download),
    ].filter(\.1).map(\.0)
    if !unused.isEmpty {
      Console.note(
        "note: \(unused.joined(separator: ", ")) changes nothing here: a plan fetches nothing and looks at no run that the "
          + "output folder may hold")
    }
  }

  func show(asJSON json: Bool) throws {
    try session.checkTrains()
    guard let train = try session.encoded(.train, usesCache: usesCache) else {
      throw Diagnosis(
        Diagnosis.data, "the task '\(session.task.description.name)' has no training rows")
    }
    session.recipe.rateWarning.map(Console.note)
    try session.decayWarning().map(Console.note)
    let options = TrainingOptions(session.recipe, rows: train.count, hasValidation: true)
    let judge = try Judge(
      session, split: .validation, limit: session.recipe.evaluation.maximumSamples)
    let evaluates = try judge != nil || session.dataset(.validation) != nil
    let budget = try MemoryBudget(
      session, train, try session.mapped(), judges: judge != nil, evaluates: evaluates)
    let spread = ranks.map { count in
      RanksPlan(
        budget, ranks: count, line: network?.bits, rate: Engine.ceiling() * 1e9)
    }
    // Where the work is spread, one rank alone need not hold all of it.
    let memory = try spread == nil ? budget.plan() : budget.whole
    if json {
      var report: JSONValue = [
        "recipe": session.recipe.json, "rows": .int(train.count), "steps": .int(options.steps),
        "learning_rates": .array(
          Self.points(options.steps).map { .double(options.learningRate($0)) }),
        "memory": memory.json, "work": budget.work.json,
      ]
      if let spread { report = report.setting("ranks", spread.json) }
      return Console.print(report.text(.pretty))
    }
    let adapters = try session.adapterConfig()?
      .settled(steps: options.steps, rate: options.learningRate.peak)
    Console.output.write(session.recipe.yaml(saying: Self.origin(session.recipe)))
    Console.print("")
    print(
      train, options, memory, budget,
      notes: adapters?.method.notes(ofRun: options.steps) ?? [],
      ranks: spread?.lines(of: budget, network: network) ?? [])
  }

  /// Who has set a key, for the recipe's comments: those alone that the program's own defaults do not
  /// decide.
  private static func origin(_ recipe: Recipe) -> (_ path: String) -> String? {
    let root = HostPaths().root.map { $0 + "/" } ?? ""
    return { path in
      guard let text = recipe.origin(of: path)?.description else { return nil }
      return !root.isEmpty && text.hasPrefix(root) ? String(text.dropFirst(root.count)) : text
    }
  }

  /// The summary, as comments, so that the whole output is a recipe.
  private func print(
    _ train: EncodedDataset, _ options: TrainingOptions, _ memory: MemoryPlan,
    _ budget: MemoryBudget, notes: [(name: String, text: String)],
    ranks: [(name: String, text: String)]
  ) {
    let rows = options.batchSize * options.accumulation
    var table = TextTable(("", .left), ("", .left))
    table.append("# rows", "\(Format.grouped(train.count)), \(rows) a step")
    table.append(
      "# tokens",
      "\(Format.grouped(train.statistics.tokens)), \(Format.grouped(train.statistics.trainedTokens)) "
        + "trained, longest row \(train.statistics.longest)")
    table.append("# steps", "\(options.steps), evaluation every \(options.evaluationSteps)")
    table.append("# learning rate", sketch(options.learningRate, options.steps))
    table.append("# peak", Format.short(options.learningRate.peak))
    for (name, text) in notes { table.append("# " + name, text) }
    table.append("# a step", budget.work.text("TFLOP", per: 1e12))
    for (name, bytes) in memory.kinds { table.append("# " + name, Format.bytes(bytes)) }
    table.append(
      "# memory",
      "\(Format.bytes(memory.total)) of \(Format.bytes(budget.limit))"
        + (memory.usesCheckpointing ? ", activations computed twice" : ""))
    for (name, text) in ranks { table.append("# " + name, text) }
    Console.print(table.text)
    let ceiling = Engine.ceiling()
    Console.note(
      "a step takes at best \(budget.work.text("s", per: ceiling * 1e9)), at "
        + "\(Format.fixed(ceiling, 0)) GFLOP/s")
  }

  private func sketch(_ rate: LearningRate, _ steps: Int) -> String {
    let cells = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    return Self.points(steps).map { step in
      cells[min(7, Int(rate(step) / max(rate.peak, .leastNonzeroMagnitude) * 7.999))]
    }.joined()
  }

  /// At most 60 steps, evenly spread, the first and the last among them.
  private static func points(_ steps: Int) -> [Int] {
    let count = min(steps, 60)
    return (0..<count).map { count == 1 ? 1 : 1 + $0 * (steps - 1) / (count - 1) }
  }
}

extension StepWork {
  /// The operations, `per` of which are one unit.
  fileprivate func text(_ unit: String, per: Double) -> String {
    func number(_ flops: Double) -> String { "\(Format.fixed(flops / per, 2)) \(unit)" }
    let parts = ": sampling \(number(sampling)), learning \(number(learning))"
    return number(flops) + (sampling > 0 ? parts : "")
  }

  fileprivate var json: JSONValue {
    ["sampling_flops": .double(sampling), "learning_flops": .double(learning)]
  }
}

extension MemoryPlan {
  /// The kinds with their bytes, in the order in which they are printed.
  var kinds: [(name: String, bytes: Int)] {
    [
      ("weights", weights), ("adapter", adapter), ("optimizer", optimizer),
      ("activations", activations), ("buffers", buffers), ("evaluation", evaluation),
      ("program", program),
    ]
  }

  var json: JSONValue {
    var json: JSONValue = .emptyObject
    for (name, bytes) in kinds { json = json.setting(name + "_bytes", .int(bytes)) }
    json = json.setting("total_bytes", .int(total))
    return json.setting("gradient_checkpointing", .bool(usesCheckpointing))
  }
}
