import Formats
public import JSON

/// What a benchmark left in a folder, one of this program or of the harness: `results_….json` and the
/// samples beside it, the newest where there are several.
public struct EarlierResults {
  /// The folder, and the model's name in it.
  public let folder: String, model: String
  /// The results' file.
  public let results: JSONValue
  private let time: String

  /// Whether a folder holds results, itself or in the one folder below it, as `--output_path` of the
  /// harness has them.
  public static func areIn(_ path: String) -> Bool {
    !times(in: path).isEmpty || !below(path).isEmpty
  }

  private static func times(in folder: String) -> [String] {
    FileSystem.names(in: folder).filter { $0.hasPrefix("results_") && $0.hasSuffix(".json") }
      .map { String($0.dropFirst(8).dropLast(5)) }.sorted()
  }

  private static func below(_ path: String) -> [String] {
    FileSystem.names(in: path).sorted().map { path + "/" + $0 }.filter { !times(in: $0).isEmpty }
  }

  /// Opens the results in a folder.
  public init(folder path: String) throws {
    var folder = path
    if Self.times(in: path).isEmpty {
      let inside = Self.below(path)
      guard inside.count == 1 else {
        throw BenchmarkError(
          path,
          inside.isEmpty
            ? "has no results_….json; give the folder of a model that a benchmark has written"
            : "holds the results of several models; give one of "
              + inside.joined(separator: ", "))
      }
      folder = inside[0]
    }
    self.folder = folder
    time = Self.times(in: folder).last ?? ""
    results = try JSONValue(readingFile: "\(folder)/results_\(time).json")
    guard results["results"]?.object != nil else {
      throw BenchmarkError("\(folder)/results_\(time).json", "has no 'results' of tasks")
    }
    model = results["model_name"]?.string ?? folder
  }

  /// The tasks whose samples lie there.
  public var tasks: [String] {
    (results["results"]?.object ?? [:]).keys.filter {
      FileSystem.exists("\(folder)/samples_\($0)_\(time).jsonl")
    }
  }

  /// What the model reached in a task that belongs to `groups`.
  public func scores(of task: String, groups: [String]) throws -> TaskScores {
    let path = "\(folder)/samples_\(task)_\(time).jsonl"
    guard FileSystem.exists(path) else {
      throw BenchmarkError(
        folder,
        "has no samples_\(task)_\(time).jsonl, of which differences are made; benchmarks of this "
          + "program write it, lm_eval does with --log_samples")
    }
    var filters: [(name: String, lines: [Sample])] = []
    for (line, place) in try DataRows.read(path) {
      let sample = try Sample(line, place)
      if let index = filters.firstIndex(where: { $0.name == sample.filter }) {
        filters[index].lines.append(sample)
      } else {
        filters.append((sample.filter, [sample]))
      }
    }
    guard !filters.isEmpty else { throw BenchmarkError(path, "the file has no row") }
    for index in filters.indices { filters[index].lines.sort { $0.place < $1.place } }
    for (name, lines) in filters {
      let metrics = lines[0].values.map(\.metric)
      guard lines.allSatisfy({ $0.values.map(\.metric) == metrics }) else {
        throw BenchmarkError(path, "some rows of '\(name)' name other metrics than its first")
      }
      guard lines.map(\.row) == filters[0].lines.map(\.row) else {
        throw BenchmarkError(path, "'\(name)' has other rows than '\(filters[0].name)'")
      }
    }
    let scores = filters.flatMap { name, lines in
      lines[0].values.indices.map { index in
        TaskOutcome.Score(
          metric: lines[0].values[index].metric, filter: name,
          values: lines.map { $0.values[index].value })
      }
    }
    guard !scores.isEmpty else { throw BenchmarkError(path, "its rows name no metric") }
    let written = filters.filter { $0.name != "none" }
    return TaskScores(
      task: task, shots: results["n-shot"]?[task]?.int ?? 0, groups: groups,
      rows: filters[0].lines.map(\.row), prompts: filters[0].lines.map(\.prompt), scores: scores,
      cutRows: nil,
      invalid: written.map { ($0.name, $0.lines.count { $0.isInvalid }) })
  }

  /// A line of the samples.
  private struct Sample {
    let place: Int, row: String, prompt: String, filter: String
    let values: [(metric: String, value: Double)], isInvalid: Bool

    init(_ line: JSONValue, _ where: String) throws(BenchmarkError) {
      guard let place = line["doc_id"]?.int, let row = line["doc_hash"]?.string,
        let prompt = line["prompt_hash"]?.string, let filter = line["filter"]?.string,
        let names = line["metrics"]?.array
      else {
        throw BenchmarkError(
          `where`,
          "is no sample of a benchmark: doc_id, doc_hash, prompt_hash, filter and metrics are needed"
        )
      }
      var values: [(metric: String, value: Double)] = []
      for name in names.compactMap(\.string) {
        guard let value = line[name]?.double else {
          throw BenchmarkError(`where`, "has no number for its metric '\(name)'")
        }
        values.append((name, value))
      }
      (self.place, self.row, self.prompt) = (place, row, prompt)
      (self.filter, self.values) = (filter, values)
      isInvalid = line["filtered_resps"]?[0]?.string == AnswerReading.invalid
    }
  }
}
