public import Benchmarks
public import Formats
public import JSON
public import Tasks

/// A model in a comparison: one that was asked, or one whose results an earlier benchmark left.
public struct BenchmarkColumn {
  /// What tables call it.
  public let label: String
  /// What it reached, task by task.
  public let tasks: [TaskScores]
  /// The results' file.
  public let results: JSONValue

  /// The column of a model that was asked.
  public init(_ model: BenchmarkedModel) {
    self.init(label: model.subject.label, tasks: model.summaries, results: model.results)
  }

  /// The column of earlier results in `tasks`.
  public init(_ earlier: EarlierResults, label: String, of tasks: [BenchmarkTask]) throws {
    self.init(
      label: label, tasks: try tasks.map { try earlier.scores(of: $0.name, groups: $0.groups) },
      results: earlier.results)
  }

  init(label: String, tasks: [TaskScores], results: JSONValue) {
    self.label = label
    self.tasks = tasks
    self.results = results
  }

  /// Whether it was asked with other words than `first`.
  public func asksOtherwise(than first: BenchmarkColumn) -> Bool {
    zip(tasks, first.tasks).contains { $0.prompts != $1.prompts }
  }

  /// Its scores as a report: each task's metrics with 95 % intervals of their standard errors.
  public var report: Report {
    var metrics: [(name: String, measure: Measure)] = []
    for task in tasks {
      for score in task.scores {
        metrics.append(
          ("\(task.task) \(score.name)", Measure(share: score.mean, error: score.standardError)))
      }
    }
    for group in GroupOutcome.groups(tasks) {
      metrics.append(
        (
          "\(group.name) \(group.metric)",
          Measure(share: group.mean, error: group.standardError)
        ))
    }
    return Report(
      count: tasks.reduce(0) { $0 + $1.rows.count },
      primary: "\(tasks[0].task) \(tasks[0].customary.name)", metrics: metrics)
  }
}

extension Measure {
  /// A mean with the 95 % interval of its standard error.
  init(_ mean: Double, error: Double?) {
    self.init(
      value: mean, low: error.map { mean - 1.96 * $0 }, high: error.map { mean + 1.96 * $0 })
  }

  /// The same for what lies between 0 and 1, and its interval with it.
  init(share mean: Double, error: Double?) {
    self.init(mean, error: error)
    low = low.map { max(0, $0) }
    high = high.map { min(1, $0) }
  }
}
