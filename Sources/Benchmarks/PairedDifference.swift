public import JSON

/// One model less another on the same rows of a task: sharper than either's own error, since what a row
/// is worth to both falls out.
public struct PairedDifference: Sendable, Hashable {
  /// The task and the metric.
  public let task: String, metric: String
  /// The mean of the rows' differences and its standard error.
  public let difference: Double, standardError: Double?
  /// Rows that only the second model, or only the first one, has right.
  public let gained: Int, lost: Int

  /// The differences of all metrics of a task that both models were asked.
  public static func all(_ first: TaskScores, _ second: TaskScores) throws(BenchmarkError)
    -> [PairedDifference]
  {
    try second.checkAsked(shots: first.shots, rows: first.rows)
    return first.scores.compactMap { score in
      second.scores.first { $0.name == score.name }.map {
        PairedDifference(first.task, score, $0)
      }
    }
  }

  private init(_ task: String, _ first: TaskOutcome.Score, _ second: TaskOutcome.Score) {
    self.task = task
    metric = first.name
    let rows = zip(first.values, second.values).map { $1 - $0 }
    difference = rows.reduce(0, +) / Double(rows.count)
    standardError = standardErrorOfMean(rows)
    gained = rows.count { $0 > 0 }
    lost = rows.count { $0 < 0 }
  }

  /// As a member of `--json`.
  public var json: JSONValue {
    [
      "task": .string(task), "metric": .string(metric), "difference": .double(difference),
      "standard_error": standardError.map(JSONValue.double) ?? nil, "gained": .int(gained),
      "lost": .int(lost),
    ]
  }

  /// Where it lies in 95 of 100 cases.
  public var interval: (low: Double, high: Double)? {
    standardError.map { (difference - 1.96 * $0, difference + 1.96 * $0) }
  }

  /// Whether the difference is further from nothing than chance has it in 95 of 100 cases.
  public var isClear: Bool { standardError.map { abs(difference) > 1.96 * $0 } ?? false }
}
