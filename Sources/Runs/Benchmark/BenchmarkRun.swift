import Adapters
import Benchmarks
public import Formats
import Generation
import JSON
import Models
import Tasks
public import Tensors
import Text

/// Asks models the tasks of a benchmark, one model after the other, and keeps what each says until all of
/// its tasks are through, so that an interrupted run goes on where it was.
public struct BenchmarkRun {
  /// A model to ask: one in a folder, or that with an adapter on it.
  public struct Subject: Sendable, Hashable {
    /// What tables call it, the model's name, and the adapter's folder.
    public let label: String, model: String, adapter: String?

    /// Names a model.
    public init(label: String, model: String, adapter: String? = nil) {
      self.label = label
      self.model = model
      self.adapter = adapter
    }
  }

  /// How the chat template writes what is asked.
  public struct Chat: Sendable {
    /// The system message, whether each shot is two turns, and the template's enable_thinking.
    public var system: String?, isMultiturn: Bool, enablesThinking: Bool?

    /// Describes it.
    public init(system: String?, isMultiturn: Bool, enablesThinking: Bool?) {
      self.system = system
      self.isMultiturn = isMultiturn
      self.enablesThinking = enablesThinking
    }
  }

  /// What is asked, and how.
  public struct Settings: Sendable {
    /// The tasks; shots and rows of each where the user says so.
    public var tasks: [BenchmarkTask], shots: Int?, limit: Int?
    /// Where the rows lie; nil for the Hugging Face cache.
    public var data: String?
    /// Nil: plain texts.
    public var chat: Chat?
    /// Prompts answered at once, how weights are quantized in memory, where results are written.
    public var batchSize: Int, quantization: Quantization?, output: String

    /// Creates settings.
    public init(
      tasks: [BenchmarkTask], shots: Int?, limit: Int?, data: String?, chat: Chat?, batchSize: Int,
      quantization: Quantization?, output: String
    ) {
      self.tasks = tasks
      self.shots = shots
      self.limit = limit
      self.data = data
      self.chat = chat
      self.batchSize = batchSize
      self.quantization = quantization
      self.output = output
    }
  }

  let settings: Settings
  let tell: RunObserver
  private let subjects: [Subject]
  /// The rows of each task, by its name.
  private let rows: [String: TaskRows]
  /// The hashes of the rows that are asked.
  private let asked: [String: [String]]

  /// Reads the rows of all tasks and makes prompts of them, so that what is wrong with them is said before
  /// a model is opened.
  public init(_ settings: Settings, of subjects: [Subject], tell: RunObserver) throws {
    self.settings = settings
    self.subjects = subjects
    self.tell = tell
    var rows: [String: TaskRows] = [:], asked: [String: [String]] = [:]
    for task in settings.tasks {
      let shots = settings.shots ?? task.shots.count
      let found = try TaskRows(
        task, in: Self.folders(task, settings.data), withPool: shots > 0)
      // A row without an answer in the last task must not end hours of work.
      var maker = ItemMaker(task, found, .plain, shots: shots)
      asked[task.name] = try maker.items(limit: settings.limit).map(\.documentHash)
      rows[task.name] = found
    }
    self.rows = rows
    self.asked = asked
  }

  /// Refuses earlier results that nothing here can be held against, before a model is asked.
  public func check(_ earlier: BenchmarkColumn) throws {
    for (task, scores) in zip(settings.tasks, earlier.tasks) {
      try scores.checkAsked(
        shots: settings.shots ?? task.shots.count, rows: asked[task.name] ?? [])
    }
  }

  private static func folders(_ task: BenchmarkTask, _ data: String?) throws -> [String] {
    if let data {
      guard FileSystem.isFolder(data) else {
        throw Diagnosis(Diagnosis.data, "--data: there is no folder \(data)")
      }
      let inside = task.dataset.map { [data + "/" + $0] } ?? []
      return [data] + inside.filter(FileSystem.isFolder)
    }
    guard let dataset = task.dataset else {
      throw Diagnosis(
        Diagnosis.usage, "\(task.file): names no data set; give the folder of its rows with --data")
    }
    return [try ModelFolder.snapshot(ofDataset: dataset)]
  }

  /// Asks all models; those of one folder share a load.
  public func callAsFunction() throws -> [BenchmarkedModel] {
    var results: [BenchmarkedModel] = [], opened: OpenedModel?
    for subject in subjects {
      let folder = try ModelFolder.find(subject.model)
      if opened?.folder != folder {
        opened = nil
        opened = try OpenedModel(folder, settings, tell: tell)
      }
      guard let opened else { continue }
      results.append(try ask(subject, opened))
    }
    return results
  }

  private func ask(_ subject: Subject, _ opened: OpenedModel) throws -> BenchmarkedModel {
    let adapters = try subject.adapter.map {
      try AdapterSet.load(folder: $0, on: opened.model, of: opened.folder, tell: tell)
    }
    defer { adapters?.lift() }
    let clock = ContinuousClock(), start = clock.now
    let folder = settings.output + "/" + ResultsFile.folderName(subject.adapter ?? subject.model)
    let answers = try KeptAnswers(folder, of: opened, adapter: subject.adapter)
    if answers.count > 0 {
      tell.note(
        "\(subject.label): \(Format.grouped(answers.count)) answers of an earlier run are kept")
    }
    let scorer = BenchmarkScorer(
      opened.model, opened.tokenizer, stopTokens: opened.stopTokens, batchSize: settings.batchSize)
    var outcomes: [TaskOutcome] = []
    for task in settings.tasks {
      outcomes.append(try outcome(task, subject, opened, scorer, answers))
    }
    let model = BenchmarkedModel(
      subject: subject, outcomes: outcomes,
      facts: opened.facts(
        subject, settings, seconds: (clock.now - start) / .seconds(1)), folder: folder)
    try model.write()
    answers.remove()
    return model
  }

  private func outcome(
    _ task: BenchmarkTask, _ subject: Subject, _ opened: OpenedModel, _ scorer: BenchmarkScorer,
    _ answers: KeptAnswers
  ) throws -> TaskOutcome {
    guard let rows = rows[task.name] else { preconditionFailure("rows of \(task.name)") }
    let shots = settings.shots ?? task.shots.count
    var maker = ItemMaker(task, rows, opened.style, shots: shots)
    let items = try maker.items(limit: settings.limit)
    var results = items.map { answers[$0, task] }
    let open = results.indices.filter { results[$0] == nil }
    if !open.isEmpty {
      var done = items.count - open.count
      try tell.during("\(subject.label): \(task.name)", total: items.count, unit: "rows") {
        reached in
        try scorer(open.map { items[$0] }, of: task) { batch in
          for (place, result) in batch {
            results[open[place]] = result
            try answers.keep(result, of: items[open[place]], task)
          }
          done += batch.count
          reached(done)
        }
      }
    }
    return try TaskOutcome(
      task, shots: shots, rows: rows.documents.count, items: items,
      results: results.compactMap(\.self))
  }
}
