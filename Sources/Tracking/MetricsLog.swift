import JSON

/// `metrics.jsonl`, `rewards.jsonl`: one JSON object a line, appended as the run goes.
public final class MetricsLog {
  private let file: AppendedFile

  /// Opens the log at `path`. With `step`, a resumed run's last one, later rows are dropped: the run
  /// will write them again.
  public convenience init(path: String, keepingThrough step: Int) throws(TrackingError) {
    try self.init(path: path) { ($0["step"]?.int ?? 0) <= step }
  }

  /// Opens the log at `path` and drops the rows there that `isKept` denies, and broken ones.
  public init(path: String, isKept: (JSONValue) -> Bool) throws(TrackingError) {
    if let text = AppendedFile.read(path) {
      let kept = text.split(separator: "\n").filter { line in
        (try? JSONValue(parsing: String(line))).map(isKept) ?? false
      }
      try AppendedFile.replace(path, with: kept.map { $0 + "\n" }.joined())
    }
    file = try AppendedFile(path: path)
  }

  /// Appends a row.
  public func append(_ row: JSONValue) throws(TrackingError) {
    try file.append(Array((row.text() + "\n").utf8))
  }
}
