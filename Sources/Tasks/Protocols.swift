import JSON

/// Which part of the data a dataset stands for.
public enum Split: String, Sendable, CaseIterable {
  case train, validation, test
}

/// Why a task, a dataset, a reward or an evaluator could not do its work.
public struct TaskError: Error, Sendable, CustomStringConvertible {
  /// Whose fault it is, which decides the exit code.
  public enum Kind: Sendable { case configuration, data, unsupported, `internal`, cancelled }
  /// Whose fault it is.
  public let kind: Kind
  /// One sentence that names the file, line or key and says what to do.
  public let message: String
  /// The sentence without the plugin and the part of it that said so; nil where the host speaks.
  public let reason: String?

  /// Creates an error.
  public init(_ kind: Kind, _ message: String, reason: String? = nil) {
    self.kind = kind
    self.message = message
    self.reason = reason
  }

  /// The message.
  public var description: String { message }
}

/// Rows by random access, so that the host shuffles, shards and resumes.
public protocol Dataset: Sendable {
  /// The number of rows.
  var count: Int { get }
  /// Row `index`, a pure function of its three arguments: random choices (which annotator, which
  /// wording) follow from `epoch` and `seed` and are the same in every run.
  func example(at index: Int, epoch: Int, seed: UInt64) throws(TaskError) -> Example
  /// Every file whose content decides the rows, beside the configuration, the split and the seed; a
  /// folder stands for the names in it. Empty, the default: not known.
  var sources: [String] { get }
  /// Whether a row may differ from epoch to epoch; true by default.
  var variesByEpoch: Bool { get }
  /// What the user should read of the rows before each run; nothing by default.
  var notes: [String] { get }
  /// File and line of each row; empty, the default: not known.
  var places: [String] { get }
}

extension Dataset {
  /// Not known.
  public var sources: [String] { [] }
  /// True.
  public var variesByEpoch: Bool { true }
  /// Nothing.
  public var notes: [String] { [] }
  /// Not known.
  public var places: [String] { [] }

  /// `error`, which begins with the name `label` of row `row`, with the row's file and line before it
  /// where they are known.
  public func placed(_ error: TaskError, row: Int, label: String) -> TaskError {
    guard places.indices.contains(row), error.message.hasPrefix(label) else { return error }
    let rest = error.message.dropFirst(label.count)
    return TaskError(error.kind, "\(places[row]) (\(label))\(rest)", reason: error.reason)
  }
}

/// What the model answered to one row.
public struct Prediction: Sendable, Hashable {
  /// The row's index in its dataset.
  public var index: Int
  /// The generated answer.
  public var text: String
  /// The row itself, with its reference and metadata.
  public var example: Example
  /// Log-likelihood of each of the row's choices, for each place of a choice in turn; empty when it
  /// has none.
  public var choiceLogLikelihoods: [Double]
  /// What a reward model scores the row's answers: a pair's chosen and rejected one, the one of a row
  /// with a label; empty where the model gives none.
  public var scores: [Double]
  /// What the model should have answered: the last assistant turn's text, its calls and its reasoning
  /// as the chat template writes them; nil when there is none.
  public var reference: String?

  /// Creates a prediction; without `reference` it is the last assistant turn's text.
  public init(
    index: Int, text: String, example: Example, choiceLogLikelihoods: [Double] = [],
    scores: [Double] = [], reference: String? = nil
  ) {
    self.reference = reference ?? example.reference
    self.index = index
    self.text = text
    self.example = example
    self.choiceLogLikelihoods = choiceLogLikelihoods
    self.scores = scores
  }
}

/// Turns predictions into a report.
public protocol Evaluator: Sendable {
  /// The report over all predictions of a split.
  func evaluate(_ predictions: [Prediction]) throws(TaskError) -> Report
}

/// A number with its 95 % interval and the number of items behind it.
public struct Measure: Sendable, Hashable {
  public var value: Double, low: Double?, high: Double?, count: Int?
  /// Whether less is better, as of an error.
  public var lowerIsBetter: Bool

  /// Creates a measure; leave the interval out where none can be given.
  public init(
    value: Double, low: Double? = nil, high: Double? = nil, count: Int? = nil,
    lowerIsBetter: Bool = false
  ) {
    self.value = value
    self.low = low
    self.high = high
    self.count = count
    self.lowerIsBetter = lowerIsBetter
  }
}

/// An evaluator's report.
public struct Report: Sendable, Hashable {
  /// The number of predictions judged.
  public var count: Int
  /// The metric that sums up the task; higher is better. One of `metrics`.
  public var primary: String
  /// Metrics in the order to print them.
  public var metrics: [(name: String, measure: Measure)]
  /// Trivial baselines in the order to print them, each with the metrics it has.
  public var baselines: [(name: String, metrics: [String: Double])]
  /// Whatever else the evaluator wants kept in the report's file; an object.
  public var details: JSONValue
  /// Tables to be written as CSV and shown on the report's page.
  public var tables: [Table]
  /// Charts to be drawn on the report's page.
  public var charts: [Chart]
  /// What each prediction belongs to (a user, a clip, a dialogue), in their order; rows of one cluster
  /// are not independent, so intervals resample clusters. Empty where each row stands for itself. Not
  /// kept in the report's file.
  public var clusters: [String]

  /// Creates a report.
  public init(
    count: Int, primary: String, metrics: [(name: String, measure: Measure)],
    baselines: [(name: String, metrics: [String: Double])] = [], details: JSONValue = .emptyObject,
    tables: [Table] = [], charts: [Chart] = [], clusters: [String] = []
  ) {
    self.count = count
    self.primary = primary
    self.metrics = metrics
    self.baselines = baselines
    self.details = details
    self.tables = tables
    self.charts = charts
    self.clusters = clusters
  }

  /// The metric `name`, if the report has it.
  public subscript(name: String) -> Measure? { metrics.first { $0.name == name }?.measure }

  /// Whether both would be written alike.
  public static func == (left: Report, right: Report) -> Bool { left.json == right.json }
  /// Follows `==`.
  public func hash(into hasher: inout Hasher) { hasher.combine(json) }
}

/// What a plugin says a task is.
public struct TaskDescription: Sendable, Hashable {
  /// The name after `--task`.
  public var name: String
  /// One sentence for `plugins list`.
  public var summary: String
  /// Export name of its dataset and of its evaluator (nil: loss only).
  public var dataset: String, evaluator: String?
  /// Export names of its rewards.
  public var rewards: [String]
  /// Defaults that lie under the recipe's own values; an object of recipe keys.
  public var defaults: JSONValue

  /// Creates a description.
  public init(
    name: String, summary: String, dataset: String, evaluator: String?, rewards: [String] = [],
    defaults: JSONValue = .emptyObject
  ) {
    self.name = name
    self.summary = summary
    self.dataset = dataset
    self.evaluator = evaluator
    self.rewards = rewards
    self.defaults = defaults
  }
}

/// A task: names what it is made of and makes it.
public protocol TaskDefinition: Sendable {
  /// What the task is made of.
  var description: TaskDescription { get }
  /// The rows of `split`. `configuration` is the recipe's `data` section as JSON with the run's
  /// seed added as `seed`; nil when the task has no such split.
  func dataset(split: Split, configuration: JSONValue) throws(TaskError) -> (any Dataset)?
  /// The task's evaluator, for predictions on `split`; nil when it has none.
  func evaluator(split: Split, configuration: JSONValue) throws(TaskError) -> (any Evaluator)?
}
