import JSON

/// `metrics.jsonl`: one JSON object a line, appended as the run goes.
public final class MetricsLog {
  private let file: AppendedFile

  /// Opens the log at `path`. With `step`, a resumed run's last one, later rows are dropped: the run
  /// will write them again.
  public init(path: String, keepingThrough step: Int) throws(TrackingError) {
    if let text = AppendedFile.read(path) {
      let kept = text.split(separator: "\n").filter { line in
        guard let row = try? JSONValue(parsing: String(line)) else { return false }
        return (row["step"]?.int ?? 0) <= step
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
