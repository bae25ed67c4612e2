public import Tasks

/// What an objective reads of texts.
public enum Signal: Sendable, Hashable {
  /// The log-probability of each scored token, by a language model's head.
  case logProbabilities
  /// One number for each text, by the head of a score on the state of the text's last token.
  case score
}

/// What training minimizes: a function of what a model says of texts, log-probabilities as a rule. It
/// knows neither tape nor model; numbers go in, a number and its derivative come out.
public protocol Objective: Sendable {
  /// What it asks of rows.
  var rows: RowKind { get }
  /// What it reads of texts.
  var signal: Signal { get }
  /// Those of its metrics of which better and worse can be told, by name; whether higher is better.
  var directions: [(name: String, higherIsBetter: Bool)] { get }
  /// Whether it compares with the model that the run starts from.
  var usesReference: Bool { get }
  /// Whether the tokens of prompts are scored too.
  var scoresPrompts: Bool { get }
  /// What the mean over a step divides by, as far as `batch` goes: its pairs, its trained tokens. The
  /// parts of a step add up, so that nothing depends on how it is cut.
  func weight(of batch: Batch) -> Double
  /// Whether nothing of `batch` would be learnt, so that it need not be computed.
  func isSilent(_ batch: Batch) -> Bool
  /// The sum over `batch`, of which a step's mean is taken, and its derivative. `policy` holds the
  /// log-probability of each scored token under the model, or the score of each text, `reference` the
  /// same under the model at the start.
  func callAsFunction(_ policy: [Float], _ reference: [Float]?, _ batch: Batch) -> Loss
}

extension Objective {
  /// Prompts are read, not scored.
  public var scoresPrompts: Bool { false }
  /// There is something to learn.
  public func isSilent(_: Batch) -> Bool { false }
  /// Log-probabilities.
  public var signal: Signal { .logProbabilities }
  /// Rewards, of objectives that compare answers.
  public var directions: [(name: String, higherIsBetter: Bool)] {
    [.texts, .prompts].contains(rows)
      ? []
      : [
        ("rewards/accuracies", true), ("rewards/margins", true), ("rewards/chosen", true),
        ("rewards/rejected", false),
      ]
  }
}

/// An objective's value over a batch.
public struct Loss: Sendable {
  /// Σ over the batch's pairs, or tokens, or rows.
  public var value: Double
  /// ∂value/∂(log-probability of each scored token)
  public var derivative: [Float]
  /// What the log says beside the loss.
  public var metrics: [Metric]

  /// A value with its derivative.
  public init(value: Double, derivative: [Float], metrics: [Metric] = []) {
    self.value = value
    self.derivative = derivative
    self.metrics = metrics
  }
}

/// A mean that the log tells, as its sum and what that is to be divided by: so means over batches,
/// steps and processes come together.
public struct Metric: Sendable, Hashable {
  /// What becomes of two of one name.
  public enum Union: Sendable { case sum, least, greatest }

  /// The name, as TRL has it where TRL has one.
  public var name: String
  /// The sum, and the weight that it is divided by.
  public var sum: Double, weight: Double
  /// What becomes of two of one name; of a step's parts the least or the greatest one may be told.
  public var union: Union

  /// A sum over `weight` things.
  public init(_ name: String, _ sum: Double, over weight: Double, union: Union = .sum) {
    self.name = name
    self.sum = sum
    self.weight = weight
    self.union = union
  }

  /// The mean; nil of nothing.
  public var mean: Double? { weight > 0 ? sum / weight : nil }

  /// Whether `other`'s number is told in the place of this one's.
  fileprivate func yields(to other: Metric) -> Bool {
    guard let own = mean, let mean = other.mean else { return mean == nil }
    return union == .least ? mean < own : mean > own
  }
}

extension [Metric] {
  /// Brings metrics of the same names together; new names come behind the others.
  public static func += (left: inout [Metric], right: [Metric]) {
    for metric in right {
      guard let index = left.firstIndex(where: { $0.name == metric.name }) else {
        left.append(metric)
        continue
      }
      if metric.union == .sum {
        left[index].sum += metric.sum
        left[index].weight += metric.weight
      } else if left[index].yields(to: metric) {
        left[index] = metric
      }
    }
  }

  /// The means by name; those of nothing are left out. Of answers that do not come in pairs the margin
  /// is what lies between the mean rewards.
  public var means: [(name: String, value: Double)] {
    var means = compactMap { metric in metric.mean.map { (name: metric.name, value: $0) } }
    func mean(_ name: String) -> Double? { means.first { $0.name == name }?.value }
    if mean("rewards/margins") == nil, let chosen = mean("rewards/chosen"),
      let rejected = mean("rewards/rejected")
    {
      means.append(("rewards/margins", chosen - rejected))
    }
    return means.sorted { $0.name < $1.name }
  }
}
