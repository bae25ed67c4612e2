import Models
import Objectives
import Rows
import Tasks
import Tensors

@testable import Training

extension ScoredTexts {
  /// Rows of one text each.
  init(_ samples: [Sample]) { self.init(samples.map { [$0] }) }
}

extension CausalLanguageModel {
  /// A step of supervised fine-tuning over rows of one text each.
  func step(
    _ samples: [Sample], batchSize: Int, sharing: Bool, penalty: () -> Tensor? = { nil }
  ) throws -> StepResult {
    let rows = samples.enumerated().map { TrainingRow([$1], index: $0) }
    let batches = stride(from: 0, to: rows.count, by: batchSize).map {
      Array(rows[$0..<min($0 + batchSize, rows.count)])
    }
    return try StepRunner(self, terms: [Term(SFT())], sharesPrefixes: sharing)(
      batches, penalty: penalty)
  }
}

extension Trainer {
  /// A run of supervised fine-tuning.
  convenience init(
    model: CausalLanguageModel, trainable: Trainable, optimizer: AdamW, train: EncodedDataset,
    validation: EncodedDataset?, options: TrainingOptions, folder: RunFolder,
    share: StepShare = .alone,
    judge: ((_ step: Int) throws -> [(name: String, value: Double)])?,
    observe: @escaping (TrainingEvent) -> Void
  ) {
    var options = options
    options.usesDropout = trainable.dropout > 0
    var runner = StepRunner(model, terms: [Term(SFT())], sharesPrefixes: !options.usesDropout)
    runner.share = share
    self.init(
      runner,
      trainable: trainable, optimizer: optimizer,
      source: DatasetSource(
        train, order: DataOrder(rows: train.count, options), batchSize: options.batchSize),
      evaluation: validation.map {
        EvaluationSource(
          $0, limit: options.evaluationRows, seed: options.seed,
          batchSize: options.evaluationBatchSize)
      }, options: options, folder: folder, judge: judge, observe: observe)
  }
}
