public import Rows
import Ranks
import Tasks

/// The rows of a validation split, or the sample of it that a run evaluates.
public struct EvaluationSource {
  let dataset: EncodedDataset
  /// The rows that are evaluated.
  public let rows: [Int]
  let batchSize: Int
  /// What is kept of the reference's numbers.
  public var kept: ReferenceTable?
  /// What the rows' options earn.
  public var options: RewardedOptions?
  /// Whether the user wants the evaluation to be left, asked between two batches.
  public var isCancelled: () -> Bool = { false }

  /// `limit` rows of `dataset`, drawn once by `seed`, or all; `batchSize` at once.
  public init(
    _ dataset: EncodedDataset, limit: Int?, seed: UInt64, batchSize: Int
  ) {
    self.dataset = dataset
    rows = sampledRows(of: dataset.count, limit: limit, seed: seed)
    self.batchSize = batchSize
  }

  /// Each rank computes some of the batches; their sums are added in the rows' order.
  /// The loss and what the objective says beside it, under the names of an evaluation.
  func values(
    _ runner: StepRunner, progress: (_ done: Int, _ of: Int) -> Void
  ) throws -> [(name: String, value: Double)] {
    let batches = stride(from: 0, to: rows.count, by: batchSize).map {
      rows[$0...].prefix(batchSize)
    }
    func read(_ batch: ArraySlice<Int>) throws -> [TrainingRow] {
      try batch.map { try dataset.row($0, epoch: 0, kept, options) }
    }
    let group = runner.share.group, own = group.dealt(batches.count)
    let all =
      try runner.measuresDrift
      ? group.together("the rows of an evaluation") { try batches.map(read) } : []
    let terms = try runner.prepared(StepRows(all), own: own)
    let parts = try group.inOrder("the evaluation", of: batches.count) {
      try runner.model.together {
        try own.map { number in
          if isCancelled() { throw TaskError(.cancelled, "interrupted in an evaluation") }
          let value = try runner.evaluate(read(batches[number]), terms)
          // Other ranks are about as far.
          progress(batches[min(number + group.count, batches.count) - 1].endIndex, rows.count)
          return (number, value)
        }
      }
    }
    var sums: StepRunner.Evaluated?
    for part in parts {
      if sums == nil { sums = part } else { sums? += part }
    }
    guard let sums else { return [] }
    let others = sums.metrics.means.map { ("eval_" + $0.name, $0.value) }
    return [("eval_loss", sums.loss(runner.terms))] + others
  }
}
