public import Formats
import JSON
import OrderedCollections

/// The rows of a task: those that are asked, and those that shots come from.
public struct TaskRows: Sendable {
  /// What is asked, in the order of the files.
  public let documents: [Document]
  /// Where shots come from; empty where none are wanted.
  public let pool: [Document]
  /// The files that were read.
  public let files: [String]

  /// Finds and reads the rows of `task` below `folders`, the first of which that has them counts.
  public init(_ task: BenchmarkTask, in folders: [String], withPool: Bool) throws {
    let asked = try Self.files(task, task.evaluatedSplit, folders)
    documents = try Self.documents(of: task, asked)
    guard withPool else {
      pool = []
      files = asked
      return
    }
    if task.shotsSplit == task.evaluatedSplit {
      pool = documents
      files = asked
    } else {
      let more = try Self.files(task, task.shotsSplit, folders)
      pool = try Self.documents(of: task, more)
      files = asked + more
    }
  }

  /// The files of a split: `TASK_SPLIT.jsonl` and the like, else what the task's patterns find.
  static func files(
    _ task: BenchmarkTask, _ split: String, _ folders: [String]
  ) throws(BenchmarkError) -> [String] {
    let own = ["parquet", "jsonl", "json"].map { "\(task.name)_\(split).\($0)" }
    for folder in folders {
      for pattern in own + task.patterns(split) {
        let found = FilePattern.files(pattern, in: folder)
        if !found.isEmpty { return found }
      }
    }
    let names = [own[1]] + task.patterns(split)
    let download = task.dataset.map {
      "; the data set is \($0) (hf download --repo-type dataset \($0))"
    }
    throw BenchmarkError(
      task.name,
      "there are no rows of its split '\(split)': no "
        + names.joined(separator: ", ") + " in " + folders.joined(separator: ", ")
        + "; name a folder with --data" + (download ?? ""))
  }

  private static func documents(
    of task: BenchmarkTask, _ files: [String]
  ) throws -> [Document] {
    let rows = try DataRows.read(files)
    guard !rows.isEmpty else { throw BenchmarkError(files[0], "the file has no row") }
    // A field that some rows lack is null in them, as a table has it.
    var names: OrderedSet<String> = []
    let fields = rows.map { Self.flattened($0.value) }
    for row in fields { names.formUnion(row.keys) }
    return try zip(rows, fields).map { row, fields in
      guard row.value.object != nil else {
        throw BenchmarkError(row.place, "the row is \(row.value.kind), not an object of fields")
      }
      let all = OrderedDictionary(uniqueKeysWithValues: names.map { ($0, fields[$0] ?? .null) })
      var document = Document(fields: .object(all), place: row.place)
      for (name, rule) in task.additions {
        document.fields = document.fields.setting(name, try document.value(rule))
      }
      return document
    }
  }

  /// Questions as their authors published them, `{"question": {"stem", "choices": [{text, label}]}}`, in
  /// the fields that the Hub's files have.
  private static func flattened(_ row: JSONValue) -> JSONValue.Members {
    var fields = row.object ?? [:]
    guard let question = fields["question"]?.object, let stem = question["stem"],
      let choices = question["choices"]?.array
    else { return fields }
    fields["question"] = stem
    if let concept = question["question_concept"] { fields["question_concept"] = concept }
    let answer = fields.removeValue(forKey: "answerKey")
    fields["choices"] = [
      "text": .array(choices.map { $0["text"] ?? .null }),
      "label": .array(choices.map { $0["label"] ?? .null }),
    ]
    fields["answerKey"] = answer ?? .null
    return fields
  }
}

/// Paths with `*` in their last part.
enum FilePattern {
  /// The files that `pattern` names in `folder`, sorted.
  static func files(_ pattern: String, in folder: String) -> [String] {
    var parts = pattern.split(separator: "/").map(String.init)
    let name = parts.removeLast(), place = ([folder] + parts).joined(separator: "/")
    guard name.contains("*") else {
      let path = place + "/" + name
      return FileSystem.exists(path) && !FileSystem.isFolder(path) ? [path] : []
    }
    let pieces = name.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
    return FileSystem.names(in: place).filter { matches($0, pieces) }.map { place + "/" + $0 }
  }

  private static func matches(_ name: String, _ pieces: [String]) -> Bool {
    guard name.hasPrefix(pieces[0]) else { return false }
    var rest = name.dropFirst(pieces[0].count)
    for piece in pieces.dropFirst().dropLast() {
      guard let range = rest.firstRange(of: piece) else { return false }
      rest = rest[range.upperBound...]
    }
    return rest.hasSuffix(pieces[pieces.count - 1])
  }
}
