import ArgumentParser
import Formats
import Ranks
import Runs

/// `host train`
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Fine-tunes a model on a task.",
    discussion: """
      A task alone runs its embedded default. Values come from the task's folder,
      then from --config, then from flags, then from --set; `host plan` prints the
      result.

      Examples:
        host train --task hri_dialogue
        host train --config conf/hri_dialogue_lora.yaml --epochs 1
        host train --task instruct --model Qwen/Qwen3-0.6B \\
            --set data.train=rows.jsonl \\
          --output-dir output/mine
        host train --config mine.yaml --resume
        host train --config mine.yaml --resume --max-steps 2000
        host train --ranks 2 --config mine.yaml
        mpirun -n 4 --hostfile hosts --bind-to none host train --config mine.yaml

      A resumed run must be the run that it goes on with: recipe, rows, base,
      plugin, template and day are compared with its receipt, run.json. How long it
      goes on, what is evaluated, logged and kept, and memory may change; more steps
      get the learning rate of a run of the new length. Anything else is refused
      unless --accept-changes is given. run.json tells what changed at which step.
      """)

  @OptionGroup var task: TaskOptions

  @Option(help: "Where the adapter, checkpoints and logs go.")
  var outputDir: String?
  @Option(help: "Passes over the data.")
  var epochs: String?
  @Option(help: "Optimizer steps; win over epochs.")
  var maxSteps: String?
  @Option(help: "Rows of a micro-batch.")
  var batchSize: String?
  @Option(help: "Highest learning rate.")
  var learningRate: String?
  @Option(name: .customLong("lora-r"), help: "Rank of the adapters.")
  var loraR: String?
  @Option(help: "The adapters' output is scaled by lora-alpha / lora-r.")
  var loraAlpha: String?
  @Flag(help: "Continue the newest good checkpoint of the output folder.")
  var resume = false
  @Flag(
    help: ArgumentHelp(
      "Resume with other settings than the run was begun with, and record them in run.json."))
  var acceptChanges = false
  @Flag(help: "Replace a run that the output folder holds.")
  var overwrite = false
  @Option(
    help: ArgumentHelp(
      "Processes on this machine that share the work, started by an MPI's launcher.",
      valueName: "count"))
  var ranks: Int?
  @Flag(help: "Let several ranks begin without comparing a gradient first.") var noProbe = false
  @Flag(
    help: ArgumentHelp(
      "Fetch a model org/name that is not in the cache, also where no terminal shows its size first."
    ))
  var download = false
  @OptionGroup var cache: CacheOptions

  func validate() throws {
    guard ranks ?? 1 > 0 else { throw ValidationError("--ranks must be greater than 0.") }
    guard !(resume && overwrite) else {
      throw ValidationError("--resume continues a run, --overwrite removes it; give one of them.")
    }
    guard resume || !acceptChanges else {
      throw ValidationError("--accept-changes means something beside --resume only.")
    }
  }

  func run() throws {
    let plugins = task.plugins.catalog(isCancelled: { StopSignal.isRaised })
    if let ranks, ranks > 1 {
      guard try !RankedRun.isStarted() else {
        throw Diagnosis(
          Diagnosis.usage, "--ranks starts processes, and a launcher has done so; give one of them")
      }
      Console.leave(try LocalLaunch(ranks, plugins).run())
    }
    let shouldStop = StopSignal.install()
    Console.lines.begin()
    try RankedRun.run(plugins) { try train($0, until: shouldStop) }
  }

  private func train(_ group: Group, until shouldStop: () -> Bool) throws {
    // Of several ranks none leaves by itself: all save after the same step.
    let assembled = try task.assemble(
      flags: flags(), isCancelled: { group.isAlone && StopSignal.isRaised })
    // Of several processes none fetches for the others.
    if group.isAlone {
      try HubFetch.model(
        of: assembled.recipe, isAllowed: download || Console.error.isTerminal, tell: .console,
        isCancelled: { StopSignal.isRaised })
    }
    let session = try TaskSession(assembled)
    try session.choosePrecision()
    group.giveUp(after: session.recipe.distribution.timeout)
    try session.check(alikeIn: group)
    let run = TrainingRun(
      session, earlier: resume ? .isResumed : overwrite ? .isRemoved : .isRefused,
      acceptsChanges: acceptChanges, usesCache: !cache.noCache, group: group,
      probes: !noProbe, console: Console.lines)
    try run.run(until: shouldStop)
  }

  /// The flags that were given, as layers over the recipe.
  private func flags() throws -> [RecipeLayer] {
    var layers: [RecipeLayer] = []
    if let outputDir { layers.append(try .text("output_dir", outputDir, flag: "--output-dir")) }
    let numbers = [
      ("training_args.num_train_epochs", "--epochs", epochs),
      ("training_args.max_steps", "--max-steps", maxSteps),
      ("training_args.per_device_train_batch_size", "--batch-size", batchSize),
      ("training_args.learning_rate", "--learning-rate", learningRate),
      ("peft.r", "--lora-r", loraR), ("peft.lora_alpha", "--lora-alpha", loraAlpha),
    ]
    for (key, flag, value) in numbers {
      if let value { layers.append(try .flag(key, value, flag: flag)) }
    }
    return layers
  }
}
