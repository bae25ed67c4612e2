public import Rows
import Tasks

/// The rows of a validation split, or the sample of it that a run evaluates.
public struct EvaluationSource {
  let dataset: EncodedDataset
  let rows: [Int], batchSize: Int
  let kept: ReferenceTable?

  /// `limit` rows of `dataset`, drawn once by `seed`, or all; `batchSize` at once.
  public init(
    _ dataset: EncodedDataset, limit: Int?, seed: UInt64, batchSize: Int,
    kept: ReferenceTable? = nil
  ) {
    self.dataset = dataset
    rows = sampledRows(of: dataset.count, limit: limit, seed: seed)
    self.batchSize = batchSize
    self.kept = kept
  }

  /// The loss and what the objective says beside it, under the names of an evaluation.
  func values(
    _ runner: StepRunner, progress: (_ done: Int, _ of: Int) -> Void
  ) throws -> [(name: String, value: Double)] {
    var sums: StepRunner.Evaluated?
    for first in stride(from: 0, to: rows.count, by: batchSize) {
      let some = rows[first...].prefix(batchSize)
      let part = try runner.evaluate(some.map { try dataset.row($0, epoch: 0, kept) })
      if sums == nil { sums = part } else { sums? += part }
      progress(some.endIndex, rows.count)
    }
    guard let sums else { return [] }
    let others = sums.metrics.sorted { $0.name < $1.name }.compactMap { metric in
      metric.mean.map { ("eval_" + metric.name, $0) }
    }
    return [("eval_loss", sums.loss(runner.terms))] + others
  }
}
