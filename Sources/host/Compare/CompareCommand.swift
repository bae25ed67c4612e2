import Adapters
import ArgumentParser
import Evaluation
import Formats
import JSON
import Runs
import Tasks
import Training

/// `host compare`
struct CompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Asks a base and a tuned model the same rows and shows where they differ.",
    discussion: """
      A row counts as right when its likeliest choice is the reference's, or, for
      written answers, when the answer is exactly the reference; white space at the
      ends and thinking do not count. A preference pair counts as right when the model
      finds the chosen answer likelier than the rejected one. The task's evaluator judges both models beside
      that. Thinking is off (enable_thinking: false) unless the recipe says
      otherwise, or its template trains other prompts than that would ask.

      The base answers with the adapter taken off. A hash of its log-likelihoods
      before the adapter is loaded and after the last answer proves it: where they
      differ, the command fails.

      Examples:
        host compare --task hri_dialogue --base nano-qwen3 \\
          --adapter output/hri_dialogue --split validation
        host compare --config mine.yaml --split test --limit 400 \\
          --report-dir output/comparison
        host compare --config mine.yaml --adapter output/mine --json
      """)

  @OptionGroup var task: TaskOptions
  @Option(
    help: ArgumentHelp("The base model, in the place of the recipe's.", valueName: "folder"))
  var base: String?
  @Option(
    help: ArgumentHelp(
      "The PEFT adapter's folder; else the recipe's output_dir.", valueName: "folder"))
  var adapter: String?
  @Option(help: "train, validation or test.") var split = Split.test
  @Option(help: ArgumentHelp("Ask this many rows, spread over the split.", valueName: "rows"))
  var limit: Int?
  @Option(
    help: ArgumentHelp(
      "Write comparison_report.json, improvements.jsonl, regressions.jsonl, predictions.jsonl, the "
        + "tables as CSV and report.html into this folder.", valueName: "folder"))
  var reportDir: String?
  @Option(help: ArgumentHelp("Examples to show of each kind.", valueName: "rows")) var show = 3
  @Flag(help: "Let the models write their answers out, also where rows carry choices to weigh.")
  var generate = false
  @Flag(help: "Print comparison_report.json.") var json = false

  func validate() throws {
    guard limit ?? 1 > 0 else { throw ValidationError("--limit must be greater than 0.") }
    guard show >= 0 else { throw ValidationError("--show must be 0 or greater.") }
    guard base == nil || task.model == nil else {
      throw ValidationError("--base and --model name the same thing; give one of them.")
    }
  }

  func run() throws {
    let opened = try session(), folder = try adapterFolder(opened.recipe)
    let session = opened.onDay(ofRun: folder)
    session.noteDay()
    let (base, tuned, check) = try answers(session, adapter: folder)
    let report = ComparisonReport(
      session: session, adapter: folder, split: split, limit: limit, generates: generate,
      recipeFile: task.recipe.config, base: base, tuned: tuned,
      comparison: Comparison(
        base: base.predictions, tuned: tuned.predictions, clusters: tuned.report.clusters,
        seed: session.seed),
      check: check)
    if let reportDir {
      let files = report.files(examples: max(show, 20))
      try RunFolder.whileNobodyTrains(in: reportDir) {
        Console.note("report    \(try files.write(to: reportDir))")
      }
    }
    if json { Console.print(report.json.text(.pretty)) } else { report.print(examples: show) }
  }

  /// What both models say, and the digests that prove the base to have been the base.
  private func answers(
    _ session: TaskSession, adapter: String
  ) throws -> (base: Judged, tuned: Judged, check: JSONValue) {
    let desk = session.offerModel()
    let panel = try RewardPanel(session.recipe, of: session.task, in: session.catalog)
    let judge = try Judge.required(
      session, split: split, limit: limit, panel: panel, generates: generate)
    try checkOutput(session, adapter: adapter)
    let model = try session.model(), check = try BaseCheck(session, judge)
    let before = try check.digest(model)
    let adapters = try AdapterSet.load(
      folder: adapter, on: model, of: session.modelFolder, tell: .console)
    desk.open(model, adapters: adapters)
    let tunedDigest = try check.digest(model)
    let base = try adapters.withoutAdapters {
      try judge.judge(model, label: "base model answering", at: .base)
    }
    let tuned = try judge.judge(
      model, label: "tuned model answering", at: .end,
      reference: Judge.reference(model, without: adapters))
    let after = try adapters.withoutAdapters { try check.digest(model) }
    guard before == after else {
      throw Diagnosis(
        Diagnosis.failed,
        "the base model does not answer as it did before the adapter was loaded "
          + "(\(before.prefix(12)) before, \(after.prefix(12)) after); the comparison is void")
    }
    if tunedDigest == before {
      Console.note("warning: with the adapter the model answers exactly as without it")
    }
    let digests: JSONValue = [
      "rows": .int(check.rows), "base_before": .string(before), "base_after": .string(after),
      "tuned": .string(tunedDigest),
    ]
    return (base, tuned, digests)
  }

  /// Refuses to write where the model or the rows are read from, and what cannot be written: that
  /// must not be found out after hours of answers.
  private func checkOutput(_ session: TaskSession, adapter: String) throws {
    guard let reportDir else { return }
    var reads = session.reads
    reads.addAdapter(adapter)
    try reads.check(folder: reportDir, .adds, option: "--report-dir")
    try RunFolder.whileNobodyTrains(in: reportDir) {}
    try DurableFile.checkWritable(reportDir + "/report.json")
  }

  /// What the recipe names, with `--base` in it; thinking off where it says nothing.
  private func session() throws -> TaskSession {
    let flags = try base.map { try RecipeLayer.text("model_name_or_path", $0, flag: "--base") }
    let session = try TaskSession(task.assemble(flags: flags.map { [$0] } ?? []))
    guard session.recipe.training.enablesThinking == nil else { return session }
    if let off = try session.thinkingOff() { return off }
    Console.note(
      "enable_thinking is left unsaid: with false, this model's template would ask other prompts "
        + "than it trains; training_args.enable_thinking decides otherwise")
    return session
  }

  private func adapterFolder(_ recipe: Recipe) throws -> String {
    if let adapter { return adapter }
    guard let folder = recipe.outputDirectory,
      FileSystem.exists(folder + "/adapter_config.json")
    else {
      throw Diagnosis(
        Diagnosis.usage,
        "name the adapter's folder with --adapter; the recipe's output_dir "
          + (recipe.outputDirectory.map { "(\($0)) holds none" } ?? "is not set"))
    }
    return folder
  }
}
