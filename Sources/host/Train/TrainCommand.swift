import ArgumentParser
import Formats
import Ranks
import Runs
import Training

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
          --set data.train=rows.jsonl --output-dir output/mine
        host train --config mine.yaml --resume
        host train --config mine.yaml --resume --max-steps 2000
        host train --ranks 2 --config mine.yaml
        host train --ranks 2 --restarts 3 --config mine.yaml
        mpirun -n 4 --hostfile hosts --bind-to none host train --config mine.yaml

      A resumed run must be the run that it goes on with: recipe, rows, base,
      plugin, template and day are compared with its receipt, run.json. How long it
      goes on, what is evaluated, logged and kept, and memory may change; more steps
      get the learning rate of a run of the new length. Anything else is refused
      unless --accept-changes is given. run.json tells what changed at which step.
      """)

  @OptionGroup var task: TaskOptions

  @OptionGroup var options: RunOptions
  @Option(
    help: ArgumentHelp(
      "Processes on this machine that share the work, started by an MPI's launcher.",
      valueName: "count"))
  var ranks: Int?
  @Option(
    help: ArgumentHelp(
      "How often --ranks starts anew, from the newest checkpoint, after it has lost a rank.",
      valueName: "count"))
  var restarts: Int?
  @Flag(help: "Show what the run would do, as `host plan` does, and leave.") var dryRun = false
  @OptionGroup var cache: CacheOptions

  func validate() throws {
    guard ranks ?? 1 > 0 else { throw ValidationError("--ranks must be greater than 0.") }
    guard restarts ?? 0 >= 0 else { throw ValidationError("--restarts must not be negative.") }
    guard restarts == nil || ranks ?? 1 > 1 else {
      throw ValidationError("--restarts means something beside --ranks 2 or more only.")
    }
  }

  func run() throws {
    if dryRun {
      return try PlanReport(task, options, cache, ranks: ranks, network: nil).show(asJSON: false)
    }
    let plugins = task.plugins.catalog(isCancelled: { StopSignal.isRaised })
    if let ranks, ranks > 1 {
      guard try !RankedRun.isStarted() else {
        throw Diagnosis(
          Diagnosis.usage, "--ranks starts processes, and a launcher has done so; give one of them")
      }
      let launch = try Relaunch(LocalLaunch(ranks, plugins), restarts: restarts ?? 0) {
        try task.assemble(flags: options.layers()).recipe.outputDirectory
      }
      Console.leave(try launch.run())
    }
    let shouldStop = StopSignal.install { Console.note(RunOutlook.current.farewell) }
    Console.lines.begin()
    var code: Int32 = 0
    try RankedRun.run(plugins) { group in
      // Launchers of several ranks take anything but 0 for a failure, also where all is saved.
      let outcome = try train(group, until: shouldStop)
      if case .interrupted = outcome, group.isAlone { code = StopSignal.exitCode ?? 0 }
    }
    if code != 0 { throw ExitCode(code) }
  }

  private func train(_ group: Group, until shouldStop: () -> Bool) throws -> TrainingOutcome {
    // Of several ranks none leaves by itself: all save after the same step.
    let assembled = try task.assemble(
      flags: options.layers(), isCancelled: { group.isAlone && StopSignal.isRaised })
    // Of several processes none fetches for the others.
    if group.isAlone {
      try HubFetch.model(
        of: assembled.recipe, isAllowed: options.download || Console.error.isTerminal,
        tell: .console, isCancelled: { StopSignal.isRaised })
    }
    let session = try TaskSession(assembled)
    try session.choosePrecision()
    group.giveUp(after: session.recipe.distribution.timeout)
    try session.check(alikeIn: group)
    let run = TrainingRun(
      session,
      earlier: options.resume ? .isResumed : options.overwrite ? .isRemoved : .isRefused,
      acceptsChanges: options.acceptChanges, usesCache: !cache.noCache, group: group,
      probes: !options.noProbe, console: Console.lines)
    return try run.run(until: shouldStop)
  }
}
