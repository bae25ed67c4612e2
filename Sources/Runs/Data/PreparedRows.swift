import Formats
import JSON
import Tasks

/// A task's splits on their way into files.
public struct PreparedRows {
  static let metaName = "meta.json"

  /// A split, and the file that it becomes.
  public struct PreparedSplit {
    /// The split's name and rows.
    public let name: Split, data: any Dataset

    /// JSON Lines for test rows, which are read one by one; an array for rows to learn from.
    var isLines: Bool { name == .test }
    var file: String { name.rawValue + (isLines ? ".jsonl" : ".json") }
  }

  /// The splits that the task has.
  public let splits: [PreparedSplit]
  /// What the rows are: those of all splits are alike.
  private let kind: RowKind
  private let task: String, recipe: Recipe
  private let tell: RunObserver, isCancelled: () -> Bool

  /// Opens every split of the recipe's data.
  public init(_ assembled: AssembledRecipe, tell: RunObserver) throws {
    self.tell = tell
    isCancelled = assembled.catalog.isCancelled
    task = assembled.task.description.name
    recipe = assembled.recipe
    var splits: [PreparedSplit] = []
    for split in Split.allCases {
      let data = try assembled.task.dataset(
        split: split, configuration: assembled.recipe.dataConfiguration)
      if let data, data.count > 0 { splits.append(PreparedSplit(name: split, data: data)) }
    }
    guard !splits.isEmpty else {
      throw Diagnosis(Diagnosis.data, "the task '\(task)' has no rows; see its data keys")
    }
    self.splits = splits
    kind = try splits[0].data.example(
      at: 0, epoch: 0, seed: UInt64(recipe.training.seed)
    ).kind
  }

  /// Whether the rows are preferences, of which the registry of Alpaca's readers knows nothing.
  private var arePreferences: Bool { kind == .pairs || kind == .labels }

  /// The names of the files that an earlier call wrote into `folder`, by what they say of themselves.
  public static func files(in folder: String) -> [String] {
    guard let meta = try? JSONValue(readingFile: folder + "/" + metaName),
      meta["host_version"]?.string != nil, let files = meta["files"]?.object
    else { return [] }
    return files.keys + [metaName, DurableFolder.manifestName]
  }

  /// Writes every split, the registry, and what they were made of.
  public func write(into folder: DurableFolder) throws(FormatError) {
    var files = JSONValue.emptyObject, counts = JSONValue.emptyObject
    for split in splits {
      let digest = try folder.write(split.file) { (sink) throws(FormatError) in
        try write(split, to: sink)
      }
      counts = counts.setting(split.name.rawValue, .int(split.data.count))
      files = files.setting(split.file, digest.json)
    }
    if !arePreferences {
      let registry = try folder.write("dataset_info.json", registry.text(.pretty) + "\n")
      files = files.setting("dataset_info.json", registry.json)
    }
    let meta: JSONValue = [
      "host_version": .string(HostVersion.current), "task": .string(task), "data": recipe.data,
      "dataset": recipe.dataset.map(JSONValue.string) ?? .null,
      "seed": .int(recipe.training.seed), "rows": counts, "files": files,
    ]
    try folder.write(Self.metaName, meta.text(.pretty) + "\n")
  }

  private func write(_ split: PreparedSplit, to sink: FileSink) throws(FormatError) {
    let count = split.data.count
    var withHistory = 0
    if !split.isLines { try sink.write("[\n") }
    try tell.during("writing \(split.name.rawValue)", total: count, unit: "rows") {
      (reached) throws(FormatError) in
      for row in 0..<count {
        if isCancelled() {
          throw FormatError(.unwritable, sink.path, "interrupted; nothing was written")
        }
        let (json, earlier) = try self.row(row, of: split)
        if earlier > 0 { withHistory += 1 }
        let ending = split.isLines || row == count - 1 ? "\n" : ",\n"
        try sink.write(json.text(.spaced) + ending)
        reached(row + 1)
      }
    }
    if !split.isLines { try sink.write("]\n") }
    if withHistory > 0 {
      tell.note(
        "\(split.name.rawValue): \(withHistory) rows have earlier exchanges, which stand in "
          + "'history'; other tools may train the last answer alone")
    }
  }

  /// A row, and how many exchanges of it stand in its history.
  private func row(
    _ row: Int, of split: PreparedSplit
  ) throws(FormatError) -> (json: JSONValue, earlier: Int) {
    do throws(TaskError) {
      let example = try split.data.example(
        at: row, epoch: 0, seed: UInt64(recipe.training.seed))
      let label = "\(split.name.rawValue) row \(row)"
      guard arePreferences || example.kind == .pairs || example.kind == .labels else {
        let alpaca = try AlpacaRow(example, label: label)
        return (alpaca.json, alpaca.earlier)
      }
      guard example.kind == kind, let preference = try PreferenceRow(example, label: label) else {
        throw TaskError(
          .data,
          "\(label) is \(example.kind.row), but \(splits[0].name.rawValue) row 0 is \(kind.row); a "
            + "file has rows of one kind")
      }
      return (preference.json, 0)
    } catch {
      throw FormatError(.malformed, "task '\(task)'", error.message)
    }
  }

  /// `dataset_info.json`: the task's name, its files, and the names of the columns.
  private var registry: JSONValue {
    func file(_ split: Split) -> String? { splits.first { $0.name == split }?.file }
    var entry: JSONValue = .emptyObject
    let keys: [(String, Split)] = [
      ("file_name", .train), ("file_name_eval", .validation), ("file_name_test", .test),
    ]
    for (key, split) in keys {
      if let file = file(split) { entry = entry.setting(key, .string(file)) }
    }
    entry = entry.setting("formatting", "alpaca").setting(
      "columns",
      [
        "prompt": "instruction", "query": "input", "response": "output", "system": "system",
        "history": "history",
      ])
    return JSONValue.emptyObject.setting(task, entry)
  }
}
