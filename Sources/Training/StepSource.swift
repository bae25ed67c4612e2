public import Rows
public import Tasks

/// A row as a step takes it: one text, or a pair's two.
public struct TrainingRow: Sendable {
  /// The texts, and the row's number among the dataset's usable ones.
  public var texts: [Sample], index: Int
  /// The log-probability of each scored token under the reference, where it is kept.
  public var reference: [Float]?

  /// A row of texts.
  public init(_ texts: [Sample], index: Int, reference: [Float]? = nil) {
    self.texts = texts
    self.index = index
    self.reference = reference
  }
}

/// Where the rows of steps come from.
public protocol StepSource {
  /// The micro-batches of step `step`, from 1.
  func batches(of step: Int) throws -> [[TrainingRow]]
  /// Epochs done after step `step`.
  func progress(after step: Int) -> Double
}

/// Rows of a dataset, each epoch in an order of its own.
public struct DatasetSource: StepSource {
  let dataset: EncodedDataset
  let order: DataOrder
  /// Rows of a micro-batch.
  let batchSize: Int
  let kept: ReferenceTable?

  /// The rows of `dataset` in `order`, `batchSize` to a micro-batch, with what is kept of the
  /// reference's numbers.
  public init(
    _ dataset: EncodedDataset, order: DataOrder, batchSize: Int, kept: ReferenceTable? = nil
  ) {
    self.dataset = dataset
    self.order = order
    self.batchSize = batchSize
    self.kept = kept
  }

  /// The micro-batches of step `step`: rows in the order of its epoch.
  public func batches(of step: Int) throws -> [[TrainingRow]] {
    let epoch = order.epoch(of: step), rows = order.rows(of: step)
    return try stride(from: 0, to: rows.count, by: batchSize).map { first in
      try rows[first..<min(first + batchSize, rows.count)].map {
        try dataset.row($0, epoch: epoch, kept)
      }
    }
  }

  /// Epochs done after step `step`, as `trainer_state.json` counts them.
  public func progress(after step: Int) -> Double { order.progress(after: step) }
}

extension EncodedDataset {
  /// Row `index` of the usable ones as a step takes it.
  func row(_ index: Int, epoch: Int, _ kept: ReferenceTable?) throws(TaskError) -> TrainingRow {
    TrainingRow(try texts(index, epoch: epoch), index: index, reference: kept?[index])
  }
}
