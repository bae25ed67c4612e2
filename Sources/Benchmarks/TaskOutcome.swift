public import Formats
import JSON

/// A task with what a model said to its items.
public struct TaskOutcome: Sendable {
  /// A metric under one filter, with its value for each item.
  public struct Score: Sendable, Hashable {
    /// The metric's name, and the filter's; "none" where choices are weighed.
    public let metric: String, filter: String
    /// A value for each item.
    public let values: [Double]

    /// Creates a score.
    public init(metric: String, filter: String, values: [Double]) {
      self.metric = metric
      self.filter = filter
      self.values = values
    }

    /// How tables call it: the metric, and the filter where there is one.
    public var name: String { filter == "none" ? metric : "\(metric), \(filter)" }
    /// The mean over the items.
    public var mean: Double { values.reduce(0, +) / Double(values.count) }
    /// The mean's standard error, from the items' n − 1 deviation; nil for a single item.
    public var standardError: Double? { standardErrorOfMean(values) }
  }

  /// The task, how many shots its prompts have, and how many rows there are in all.
  public let task: BenchmarkTask, shots: Int, rows: Int
  /// The items and what the model said to each.
  public let items: [BenchmarkItem], results: [ItemResult]
  /// The metrics.
  public let scores: [Score]
  /// For each filter what it read of each answer.
  let extracted: [(filter: String, texts: [String])]

  /// Judges results.
  public init(
    _ task: BenchmarkTask, shots: Int, rows: Int, items: [BenchmarkItem], results: [ItemResult]
  ) throws {
    self.task = task
    self.shots = shots
    self.rows = rows
    self.items = items
    self.results = results
    guard let writing = task.writing else {
      extracted = []
      scores = task.metrics.map { metric in
        let values = zip(items, results).map { Self.hit(metric, $0, $1) ? 1.0 : 0 }
        return Score(metric: metric.rawValue, filter: "none", values: values)
      }
      return
    }
    let reading = try AnswerReading(writing)
    let read = results.map { reading.extracted($0.answer ?? "") }
    extracted = writing.filters.indices.map { index in
      (writing.filters[index].name, read.map { $0[index].text })
    }
    scores = extracted.map { filter, texts in
      let values = zip(texts, items).map { reading.isExact($0, $1.target) ? 1.0 : 0 }
      return Score(metric: "exact_match", filter: filter, values: values)
    }
  }

  /// Whether the choice that a metric finds best is the right one; of equals the first is.
  private static func hit(
    _ metric: BenchmarkTask.Metric, _ item: BenchmarkItem, _ result: ItemResult
  ) -> Bool {
    let values = zip(result.weights, item.choices).map { weight, choice in
      switch metric {
      case .normalizedAccuracy: weight.logLikelihood / Double(choice.unicodeScalars.count)
      case .byteAccuracy: weight.logLikelihood / Double(choice.utf8.count)
      case .accuracy, .exactMatch: weight.logLikelihood
      }
    }
    var best = 0
    for (place, value) in values.enumerated() where value > values[best] { best = place }
    return best == item.gold
  }

}

/// The standard error of a mean, from the n − 1 deviation; nil for a single value.
func standardErrorOfMean(_ values: [Double]) -> Double? {
  guard values.count > 1 else { return nil }
  let count = Double(values.count), mean = values.reduce(0, +) / count
  let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
  return (squares / (count - 1)).squareRoot() / count.squareRoot()
}

/// Several tasks as one number, each counted as often as it has items.
public struct GroupOutcome: Sendable {
  /// The group's name, its tasks, and the number of items.
  public let name: String, tasks: [String], count: Int
  /// The metric, its mean and standard error.
  public let metric: String, mean: Double, standardError: Double?

  /// The groups of `tasks`, the narrower before the wider.
  public static func groups(_ tasks: [TaskScores]) -> [GroupOutcome] {
    var names: [(level: Int, name: String)] = []
    for task in tasks {
      for (level, name) in task.groups.enumerated()
      where !names.contains(where: { $0.name == name }) {
        names.append((level, name))
      }
    }
    let ordered = names.enumerated().sorted {
      ($0.element.level, $0.offset) < ($1.element.level, $1.offset)
    }
    return ordered.map { place in
      let name = place.element.name
      return GroupOutcome(name, tasks.filter { $0.groups.contains(name) })
    }
  }

  private init(_ name: String, _ members: [TaskScores]) {
    self.name = name
    tasks = members.map(\.task)
    let scores = members.map { $0.scores[0] }
    metric = scores[0].metric
    let counts = scores.map { Double($0.values.count) }, all = counts.reduce(0, +)
    count = Int(all)
    mean = zip(scores, counts).reduce(0) { $0 + $1.0.mean * $1.1 } / all
    // The pooled deviation of the tasks (the harness's pooled_sample_stderr).
    let errors = scores.map(\.standardError)
    if errors.contains(nil) || all <= Double(counts.count) {
      standardError = nil
    } else {
      let squares = zip(errors, counts).reduce(0.0) { sum, pair in
        let error = pair.0 ?? 0
        return sum + (pair.1 - 1) * error * error * pair.1
      }
      standardError = (squares / (all - Double(counts.count)) / all).squareRoot()
    }
  }
}
