import Adapters
import ArgumentParser
import Evaluation
import Formats
import JSON
import Runs
import Tasks
import Training

/// `host evaluate`
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Lets a task's evaluator judge a model's answers.",
    discussion: """
      Answers are greedy unless the recipe samples (generation.do_sample); the same
      recipe and seed give the same answers. With --adapter the tuned model is
      judged, with --base beside it the base too. Preference pairs and answers with
      labels are weighed: how likely the model finds them, and, with --adapter, how
      likely its reference does: the base, or the adapter that its run started from.
      A reward model, or its adapter, scores them.

      A chat template that writes the date writes the day on which the adapter's run
      began, so that a run is judged alike on any day; template_date says otherwise.

      Examples:
        host evaluate --task hri_dialogue
        host evaluate --task hri_dialogue --adapter output/hri_dialogue --base
        host evaluate --config mine.yaml --adapter output/mine --split test --json
      """)

  @OptionGroup var task: TaskOptions
  @Option(help: ArgumentHelp("A PEFT adapter's folder to put on the model.", valueName: "folder"))
  var adapter: String?
  @Flag(help: "Judge the base model too when there is an adapter.") var base = false
  @Option(help: "train, validation or test.") var split = Split.validation
  @Option(help: ArgumentHelp("Ask this many rows, spread over the split.", valueName: "rows"))
  var limit: Int?
  @Option(help: ArgumentHelp("Write every answer to this JSONL file.", valueName: "file"))
  var predictions: String?
  @Option(
    help: ArgumentHelp(
      "Write report.json, the report's tables as CSV, report.html and predictions.jsonl into this "
        + "folder.", valueName: "folder"))
  var reportDir: String?
  @Option(
    help: ArgumentHelp(
      "Write what the recipe's rewards say of every answer to this JSONL file.",
      valueName: "file"))
  var rewards: String?
  @Flag(help: "Let the model write its answers out, also where rows carry choices to weigh.")
  var generate = false
  @Flag(help: "Print one JSON object, a report for each model.") var json = false

  func validate() throws {
    guard limit ?? 1 > 0 else { throw ValidationError("--limit must be greater than 0.") }
    guard !base || adapter != nil else {
      throw ValidationError("--base means something beside --adapter only.")
    }
  }

  func run() throws {
    let opened = try TaskSession(task.assemble())
    let session = try adapter.map { try opened.onDay(ofRun: $0).judging(adapter: $0) } ?? opened
    try checkHead(of: session)
    session.noteDay()
    let desk = session.offerModel(), judge = try judge(of: session)
    try checkOutputs(session)
    let results = try results(session, desk, judge)
    if let predictions {
      try write(results.map { ($0.name, $0.predictions) }, to: predictions)
    }
    if let reportDir {
      let files = ReportFiles(
        results.map { ($0.name, $0.report) }, title: "\(session.task.description.name), \(split)",
        facts: [("model", session.modelFolder), ("adapter", adapter ?? "none")],
        predictions: results.map { ($0.name, $0.predictions) })
      try RunFolder.whileNobodyTrains(in: reportDir) {
        Console.note("report    \(try files.write(to: reportDir))")
      }
    }
    let table = ReportTable(results.map { ($0.name, $0.report) })
    Console.print(json ? table.json.text(.pretty) : table.description)
  }

  /// Refuses options that mean nothing of a reward model.
  private func checkHead(of session: TaskSession) throws {
    guard session.givesScores else { return }
    if generate {
      throw Diagnosis(
        Diagnosis.usage,
        "--generate: a reward model gives scores and writes no text; leave the option out")
    }
    if base, session.drawsHead {
      throw Diagnosis(
        Diagnosis.usage,
        "--base: \(session.modelFolder) is a language model, whose reward model has its head from the "
          + "adapter alone; leave the option out")
    }
  }

  private func judge(of session: TaskSession) throws -> Judge {
    let panel = try RewardPanel(session.recipe, of: session.task, in: session.catalog)
    if rewards != nil, panel == nil {
      throw Diagnosis(Diagnosis.usage, "--rewards needs rewards in the recipe; see conf/")
    }
    return try Judge.required(
      session, split: split, limit: limit, panel: panel,
      log: rewards.map { RewardLog(path: $0, isFresh: true) }, generates: generate)
  }

  /// What the judge says of the model, or of base and tuned one.
  private func results(
    _ session: TaskSession, _ desk: ModelDesk, _ judge: Judge
  ) throws -> [(name: String, report: Report, predictions: [Prediction])] {
    let model = try session.model()
    let adapters = try adapter.map {
      try AdapterSet.load(folder: $0, on: model, of: session.modelFolder, tell: .console)
    }
    desk.open(model, adapters: adapters)
    var results: [(name: String, report: Report, predictions: [Prediction])] = []
    func ask(
      _ name: String, _ moment: RewardLog.Moment, reference: ReferenceLikelihoods? = nil
    ) throws {
      let result = try judge.judge(
        model, label: "\(name) model answering", at: moment, reference: reference)
      results.append((name, result.report, result.predictions))
    }
    if let adapters {
      if base { try adapters.withoutAdapters { try ask("base", .base) } }
      let reference = try adapter.map {
        try session.reference(ofAdapter: $0, adapters, on: model)
      }
      try ask("tuned", .end, reference: reference)
    } else {
      try ask("base", .base, reference: session.frozenReference())
    }
    return results
  }

  /// Refuses to write where the model or the rows are read from, and what cannot be written: that
  /// must not be found out after hours of answers.
  private func checkOutputs(_ session: TaskSession) throws {
    var reads = session.reads
    if let adapter { reads.addAdapter(adapter) }
    if let reportDir {
      try reads.check(folder: reportDir, .adds, option: "--report-dir")
      try RunFolder.whileNobodyTrains(in: reportDir) {}
    }
    if let adapter { reads.addFiles(ofAdapter: adapter) }
    try reads.check(file: predictions, option: "--predictions")
    try reads.check(file: rewards, option: "--rewards")
    for file in [predictions, rewards] { try file.map(DurableFile.checkWritable) }
    if let reportDir { try DurableFile.checkWritable(reportDir + "/report.json") }
  }

  private func write(_ answers: [(name: String, predictions: [Prediction])], to path: String) throws
  {
    var text = ""
    for (name, predictions) in answers {
      for prediction in predictions {
        text += prediction.json.setting("model", .string(name)).text(.spaced) + "\n"
      }
    }
    _ = try DurableFile.write(text, to: path)
  }
}

extension Split: ExpressibleByArgument {}
