import Formats
import JSON

/// `metrics.jsonl`, `rewards.jsonl`: one JSON object a line, appended as the run goes.
public final class MetricsLog {
  private let file: AppendedFile

  /// Opens the log at `path`. With `step`, a resumed run's last one, later rows are dropped: the run
  /// will write them again.
  public convenience init(path: String, keepingThrough step: Int) throws(FormatError) {
    try self.init(path: path) { ($0["step"]?.int ?? 0) <= step }
  }

  /// Opens the log at `path` and drops the rows there that `isKept` denies, and broken ones.
  public init(path: String, isKept: (JSONValue) -> Bool) throws(FormatError) {
    if let text = AppendedFile.read(try DurableFile.place(of: path)) {
      let kept = text.split(separator: "\n").filter { line in
        (try? JSONValue(parsing: String(line))).map(isKept) ?? false
      }
      try DurableFile.write(kept.map { $0 + "\n" }.joined(), to: path)
    }
    file = try AppendedFile(path: path)
  }

  /// Appends a row.
  public func append(_ row: JSONValue) throws(FormatError) {
    try file.append(Array((row.text() + "\n").utf8))
  }
}
