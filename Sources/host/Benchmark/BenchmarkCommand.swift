import ArgumentParser
import Benchmarks
import Formats
import JSON
import Names
import Runs

/// `host benchmark`
struct BenchmarkCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "benchmark",
    abstract: "Asks models the tasks of public benchmarks.",
    discussion: """
      Prompts, shots, filters, metrics and standard errors are those of
      lm-evaluation-harness 0.4.13 with float32 weights; its layout is written, too:
      results_….json and samples_….jsonl for each model. Rows lie in the Hugging Face
      cache (hf download --repo-type dataset NAME) or below --data, as Parquet or JSON
      lines. An interrupted run goes on where it was.

      A task is a file in tasks/benchmarks; one of your own is named by its path.

      Examples:
        host benchmark --model HuggingFaceTB/SmolLM2-135M \\
          --tasks arc_challenge,hellaswag
        host benchmark --model Qwen/Qwen3-4B-Base --base --adapter output/sft \\
          --adapter output/dpo \\
          --tasks arc_challenge,commonsense_qa,gsm8k,hellaswag,winogrande
        host benchmark --model output/new --tasks gsm8k \\
          --vs output/benchmark/Qwen__Qwen3-4B
        host benchmark --model nano-qwen3 --tasks mine.yaml --data rows --shots 5
      """)

  @OptionGroup var model: ModelOptions
  @OptionGroup var quantization: QuantizationOptions
  @Option(
    help: ArgumentHelp("A PEFT adapter's folder; may be given several times.", valueName: "folder"))
  var adapter: [String] = []
  @Flag(help: "Ask the model without an adapter, too.") var base = false
  @Option(
    help: ArgumentHelp(
      "Another model to hold against the first, or the results that a benchmark left, this program's "
        + "or the harness's; may be given several times.", valueName: "folder"))
  var vs: [String] = []
  @Option(help: ArgumentHelp("Names or files of tasks, with commas.", valueName: "tasks"))
  var tasks: String
  @Option(
    help: ArgumentHelp("Shots before each question, in the tasks' stead.", valueName: "shots"))
  var shots: Int?
  @Option(help: ArgumentHelp("Ask the first rows of each task only.", valueName: "rows"))
  var limit: Int?
  @Option(
    help: ArgumentHelp(
      "Where the rows lie: files as the Hub has them, or TASK_SPLIT.jsonl.", valueName: "folder"))
  var data: String?
  @Flag(help: "Ask in the model's chat template.") var chatTemplate = false
  @Option(help: ArgumentHelp("A system message; with --chat-template.", valueName: "text"))
  var system: String?
  @Flag(help: "All shots in one user message; with --chat-template.") var singleTurn = false
  @Flag(inversion: .prefixedNo, help: "The template's variable enable_thinking.")
  var thinking: Bool?
  @Option(help: ArgumentHelp("Prompts answered at once.", valueName: "prompts")) var batchSize = 16
  @Option(help: ArgumentHelp("Where results are written.", valueName: "folder"))
  var outputDir = "output/benchmark"
  @Flag(help: "Print one JSON object, the results of each model.") var json = false

  func validate() throws {
    guard limit ?? 1 > 0 else { throw ValidationError("--limit must be greater than 0.") }
    guard shots ?? 0 >= 0 else { throw ValidationError("--shots must be 0 or greater.") }
    guard batchSize > 0 else { throw ValidationError("--batch-size must be greater than 0.") }
    guard chatTemplate || (system == nil && !singleTurn && thinking == nil) else {
      throw ValidationError(
        "--system, --single-turn and --thinking mean something beside --chat-template only.")
    }
    guard !base || !adapter.isEmpty else {
      throw ValidationError("--base means something beside --adapter only.")
    }
  }

  func run() throws {
    let settings = BenchmarkRun.Settings(
      tasks: try BenchmarkFiles.tasks(named: tasks.split(separator: ",").map(String.init)),
      shots: shots, limit: limit, data: data,
      chat: chatTemplate
        ? .init(system: system, isMultiturn: !singleTurn, enablesThinking: thinking) : nil,
      batchSize: batchSize, quantization: quantization.quantization, output: outputDir)
    let models = try subjects()
    let earlier = try earlierResults(of: settings.tasks, beside: models.map(\.label))
    try checkOutput(models)
    let run = try BenchmarkRun(settings, of: models, tell: .console)
    for column in earlier { try run.check(column) }
    let columns = try run().map(BenchmarkColumn.init) + earlier
    let page = BenchmarkPage(columns)
    try DurableFile.write(try page.html(facts: facts(columns[0])), to: outputDir + "/report.html")
    try show(columns, try page.differences())
    Console.note("report    \(outputDir)/report.html")
  }

  private func show(
    _ columns: [BenchmarkColumn], _ differences: [(label: String, list: [PairedDifference])]
  ) throws {
    if json {
      var all: JSONValue = .emptyObject
      for column in columns {
        let own = differences.first { $0.label == column.label }?.list.map(\.json)
        all = all.setting(
          column.label,
          own.map { column.results.setting("differences", .array($0)) } ?? column.results)
      }
      return Console.print(all.text(.pretty))
    }
    Console.print(BenchmarkTable(columns).text)
    for (label, list) in differences {
      Console.print("")
      Console.print(BenchmarkTable.text(list, "\(label) less \(columns[0].label)"))
    }
    for column in columns.dropFirst() where column.asksOtherwise(than: columns[0]) {
      Console.note(
        "\(column.label): some prompts differ from those of \(columns[0].label), as with another "
          + "chat template")
    }
  }

  /// The models in order: the plain one, its adapters, the others.
  private func subjects() throws -> [BenchmarkRun.Subject] {
    var subjects: [BenchmarkRun.Subject] = []
    func add(_ path: String, _ model: String, _ adapter: String? = nil) {
      let label = Self.label(path, beside: subjects.map(\.label), else: path)
      subjects.append(.init(label: label, model: model, adapter: adapter))
    }
    if base || adapter.isEmpty { add(model.model, model.model) }
    for folder in adapter { add(folder, model.model, folder) }
    for other in vs where !EarlierResults.areIn(other) {
      guard !FileSystem.isFolder(other) || FileSystem.exists(other + "/config.json") else {
        throw Diagnosis(
          Diagnosis.data,
          "--vs: \(other) holds neither a model (config.json) nor what a benchmark left "
            + "(results_….json)")
      }
      add(other, other)
    }
    let names = subjects.map(\.label)
    guard Set(names).count == names.count else {
      throw Diagnosis(Diagnosis.usage, "a model or an adapter is named twice; name each once")
    }
    return subjects
  }

  /// What earlier benchmarks left in folders that `--vs` names.
  private func earlierResults(
    of tasks: [BenchmarkTask], beside labels: [String]
  ) throws -> [BenchmarkColumn] {
    var columns: [BenchmarkColumn] = []
    for folder in vs where EarlierResults.areIn(folder) {
      let results = try EarlierResults(folder: folder)
      let label = Self.label(
        results.model, beside: labels + columns.map(\.label), else: results.folder)
      guard !(labels + columns.map(\.label)).contains(label) else {
        throw Diagnosis(Diagnosis.usage, "--vs names \(folder) twice; name each once")
      }
      columns.append(try BenchmarkColumn(results, label: label, of: tasks))
    }
    return columns
  }

  /// The last part of a path; the whole where that name is taken.
  private static func label(
    _ path: String, beside taken: [String], else whole: String
  ) -> String {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return taken.contains(name) ? whole : name
  }

  /// Refuses to write where models are read from, and what cannot be written.
  private func checkOutput(_ subjects: [BenchmarkRun.Subject]) throws {
    var reads = OutputGuard()
    for subject in subjects {
      reads.add("--model", try ModelFolder.find(subject.model), .model)
      if let adapter = subject.adapter { reads.addAdapter(adapter) }
    }
    if let data { reads.add("--data", data, .data) }
    try reads.check(folder: outputDir, .adds, option: "--output-dir")
    try DurableFile.checkWritable(outputDir + "/report.html")
  }

  private func facts(_ first: BenchmarkColumn) -> [(name: String, value: String)] {
    let tasks = first.tasks.map { task in
      let rows = Format.grouped(task.rows.count)
      return "\(task.task) (\(rows) rows, \(task.shots) shots)"
    }
    return [
      ("tasks", tasks.joined(separator: ", ")),
      ("rows", limit.map { "the first \($0) of each" } ?? "all"),
      ("prompts", chatTemplate ? "in the chat template" : "plain texts"), ("numbers", "f32"),
    ]
  }
}
