public import JSON
public import Objectives
public import Rows
public import Tasks
public import Tracking

/// A row as a step takes it: one text, or a pair's two.
public struct TrainingRow: Sendable {
  /// The texts, and the row's number among the dataset's usable ones.
  public var texts: [Sample], index: Int
  /// The log-probability of each scored token under the reference, where it is kept.
  public var reference: [Float]?
  /// What is known of a sampled completion.
  public var sampling: Sampling?
  /// What each option of each choice in the text earns; nil where choices are learnt by their weights.
  public var optionRewards: [[Double?]]?

  /// What is known of a sampled completion.
  public struct Sampling: Sendable {
    /// How much better it is than its group could be expected to be.
    public var advantage: Double
    /// The log-probability of each scored token when it was sampled, computed as training computes it;
    /// nil where that is what it is now.
    public var old: [Float]?
    /// The same as the decoder found it; nil where nobody decoded, or it no longer counts.
    public var decoded: [Float]?
  }

  /// A row of texts.
  public init(
    _ texts: [Sample], index: Int, reference: [Float]? = nil, sampling: Sampling? = nil
  ) {
    self.texts = texts
    self.index = index
    self.reference = reference
    self.sampling = sampling
  }
}

/// What a step learns from.
public struct StepRows {
  /// The rows of each micro-batch that is here.
  public var batches: [[TrainingRow]]
  /// The micro-batches' numbers in the step, and how many it has: other ranks may have the others.
  public private(set) var numbers: [Int], count: Int
  /// What is told of how they came about.
  public var metrics: [Metric]
  /// What is told of them as a whole.
  public var distributions: [Distribution]
  /// Sentences for the user.
  public var notes: [String]
  /// Seconds that their making took, by kind of work.
  public var parts: [(name: String, seconds: Double)]

  /// Describes a step.
  public init(
    _ batches: [[TrainingRow]], metrics: [Metric] = [], distributions: [Distribution] = [],
    notes: [String] = [], parts: [(name: String, seconds: Double)] = []
  ) {
    self.batches = batches
    (numbers, count) = (Array(batches.indices), batches.count)
    self.metrics = metrics
    self.distributions = distributions
    self.notes = notes
    self.parts = parts
  }
}

extension StepRows {
  /// Those of `numbers` alone, which are here.
  func keeping(_ numbers: [Int]) -> StepRows {
    var kept = self
    kept.numbers = numbers
    let all = rows
    kept.batches = numbers.map { all[$0] ?? [] }
    return kept
  }

  /// The micro-batches `numbers` of a step of `count`.
  init(_ numbers: [Int], of count: Int, _ batch: (Int) throws -> [TrainingRow]) rethrows {
    self.init(try numbers.map(batch))
    self.numbers = numbers
    self.count = count
  }

  /// The micro-batches by their numbers.
  var rows: [Int: [TrainingRow]] {
    Dictionary(uniqueKeysWithValues: zip(numbers, batches))
  }

  /// Replaces the micro-batches, all of which are here.
  mutating func set(_ batches: [[TrainingRow]]) {
    self.batches = batches
    (numbers, count) = (Array(batches.indices), batches.count)
  }
}

/// Where the rows of steps come from.
public protocol StepSource {
  /// What step `step`, from 1, learns from.
  func rows(of step: Int) throws -> StepRows
  /// The same with some micro-batches alone: those that `numbers` says of how many there are.
  func rows(of step: Int, only numbers: (_ count: Int) -> [Int]) throws -> StepRows
  /// Epochs done after step `step`.
  func progress(after step: Int) -> Double
  /// What a run that goes on after `step` must know beside the step's number, as a file of the
  /// checkpoint; nil where the number is enough.
  func state(after step: Int) -> JSONValue?
  /// Takes back what `state(after:)` said.
  func restore(_ state: JSONValue, after step: Int) throws
}

extension StepSource {
  /// All are made, some are kept.
  public func rows(of step: Int, only numbers: (_ count: Int) -> [Int]) throws -> StepRows {
    let all = try rows(of: step)
    return all.keeping(numbers(all.count))
  }
  /// Rows are a function of the step's number.
  public func state(after _: Int) -> JSONValue? { nil }
  /// There is nothing to take back.
  public func restore(_: JSONValue, after _: Int) throws {}
}

/// Rows of a dataset, each epoch in an order of its own.
public struct DatasetSource: StepSource {
  let dataset: EncodedDataset
  let order: DataOrder
  /// Rows of a micro-batch.
  let batchSize: Int
  let kept: ReferenceTable?, options: RewardedOptions?

  /// The rows of `dataset` in `order`, `batchSize` to a micro-batch, with what is kept of the
  /// reference's numbers and what their options earn.
  public init(
    _ dataset: EncodedDataset, order: DataOrder, batchSize: Int, kept: ReferenceTable? = nil,
    options: RewardedOptions? = nil
  ) {
    self.options = options
    self.dataset = dataset
    self.order = order
    self.batchSize = batchSize
    self.kept = kept
  }

  /// The micro-batches of step `step`: rows in the order of its epoch.
  public func rows(of step: Int) throws -> StepRows { try rows(of: step) { Array(0..<$0) } }

  /// Only these are read.
  public func rows(of step: Int, only numbers: (_ count: Int) -> [Int]) throws -> StepRows {
    let epoch = order.epoch(of: step), rows = order.rows(of: step)
    let count = (rows.count + batchSize - 1) / batchSize
    return try StepRows(numbers(count), of: count) { number in
      try rows[number * batchSize..<min((number + 1) * batchSize, rows.count)].map {
        try dataset.row($0, epoch: epoch, kept, options)
      }
    }
  }

  /// Epochs done after step `step`, as `trainer_state.json` counts them.
  public func progress(after step: Int) -> Double { order.progress(after: step) }
}

/// What the options of a row's choices earn, each with a text of its own where it is a whole answer;
/// `text` is the row's own.
public typealias RewardedOptions =
  (_ row: Int, _ epoch: Int, _ text: Sample) throws -> (texts: [Sample], rewards: [[Double?]])

extension EncodedDataset {
  /// Row `index` of the usable ones as a step takes it.
  func row(
    _ index: Int, epoch: Int, _ kept: ReferenceTable?, _ options: RewardedOptions? = nil
  ) throws -> TrainingRow {
    var row = TrainingRow(try texts(index, epoch: epoch), index: index, reference: kept?[index])
    if let rewarded = try options?(index, epoch, row.texts[0]) {
      row.texts += rewarded.texts
      row.optionRewards = rewarded.rewards
    }
    return row
  }
}
