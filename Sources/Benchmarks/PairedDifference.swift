import Formats

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
  public static func all(_ first: TaskOutcome, _ second: TaskOutcome) throws(BenchmarkError)
    -> [PairedDifference]
  {
    guard first.items.map(\.documentHash) == second.items.map(\.documentHash) else {
      throw BenchmarkError(
        first.task.name, "the models were asked other rows, so that nothing can be paired")
    }
    return zip(first.scores, second.scores).map { one, other in
      PairedDifference(first.task.name, one, other)
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

  /// Whether the difference is further from nothing than chance has it in 95 of 100 cases.
  public var isClear: Bool { standardError.map { abs(difference) > 1.96 * $0 } ?? false }
}
