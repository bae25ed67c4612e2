import Benchmarks
import Formats
import JSON
import Tracking

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Answers of a model that a run has got so far, in a file of lines, by the hashes of what was asked.
final class KeptAnswers {
  private let path: String, log: MetricsLog
  private var known: [String: ItemResult] = [:]

  /// How many there were at the start.
  let count: Int

  /// Reads those in `folder`, where they are of this very model.
  init(_ folder: String, of opened: OpenedModel, adapter: String?) throws {
    path = folder + "/answers.jsonl"
    try DurableFile.createFolder(folder)
    let key = Self.identity(opened, adapter)
    var known: [String: ItemResult] = [:]
    // Only the lines behind the line of this model count.
    var isSame = false
    log = try MetricsLog(path: path) { line in
      if let model = line["model"]?.string {
        isSame = model == key
        return isSame
      }
      guard isSame, let asked = line["asked"]?.string, let result = ItemResult(line) else {
        return false
      }
      known[asked] = result
      return true
    }
    if !isSame { try log.append(["model": .string(key)]) }
    self.known = known
    count = known.count
  }

  /// The answer to an item; nil where there is none yet.
  subscript(_ item: BenchmarkItem, _ task: BenchmarkTask) -> ItemResult? {
    known[Self.asked(item, task)]
  }

  /// Keeps an answer.
  func keep(_ result: ItemResult, of item: BenchmarkItem, _ task: BenchmarkTask) throws {
    try log.append(result.json.setting("asked", .string(Self.asked(item, task))))
  }

  /// Removes the file once the results are written.
  func remove() { unlink(path) }

  /// What an answer depends on: the task, the row's hash, and those of prompt and target.
  private static func asked(_ item: BenchmarkItem, _ task: BenchmarkTask) -> String {
    let limit = task.writing.map { "\($0.maximumNewTokens)" } ?? ""
    return [task.name, item.documentHash, item.promptHash, item.targetHash, limit]
      .joined(separator: " ")
  }

  /// What tells a model's weights from others: files with their sizes and the time of their writing.
  private static func identity(_ opened: OpenedModel, _ adapter: String?) -> String {
    var parts: [String] = ["\(opened.model.config.quantization.map { "\($0)" } ?? "")"]
    for folder in [opened.folder] + [adapter].compactMap(\.self) {
      for name in FileSystem.names(in: folder) {
        var status = stat()
        guard stat(folder + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG
        else { continue }
        let time = status.st_mtim
        parts.append("\(folder)/\(name) \(status.st_size) \(time.tv_sec).\(time.tv_nsec)")
      }
    }
    return FileDigest(of: Array(parts.joined(separator: "\n").utf8)).sha256
  }
}
