import Layers
import Models
import Objectives
import Tasks
import Tensors

/// What one optimizer step computed before its update.
struct StepResult {
  /// Mean loss over the step's trained tokens.
  var loss = 0.0
  /// Tokens read, tokens trained.
  var tokens = 0, trainedTokens = 0
  /// Which trained tokens were the likeliest.
  var accuracy = TokenAccuracy()
  /// Sums of gradients, already divided by the step's trained tokens.
  var gradients = Gradients()
}

extension SupervisedFineTuning.Batch {
  /// Packs samples one after the other. A choice with one right answer is learned as any token.
  init(_ samples: some Collection<Sample>) {
    var start = 0
    let choices = samples.flatMap { sample in
      defer { start += sample.ids.count }
      return sample.choices.filter { $0.weights.max() != 1 }.map { choice in
        (
          start + choice.place,
          SupervisedFineTuning.Distribution(ids: choice.ids, weights: choice.weights)
        )
      }
    }
    self.init(
      ids: samples.flatMap(\.ids), lengths: samples.map(\.ids.count),
      isTarget: samples.flatMap(\.isTrained),
      distributions: Dictionary(uniqueKeysWithValues: choices))
  }
}

extension CausalLanguageModel {
  /// Loss and gradients of one optimizer step over `samples`, `batchSize` rows at a time. The trained
  /// tokens of the whole step are counted first, so that the loss does not depend on how the step is
  /// cut. With `sharing`, what rows of a micro-batch begin with alike is computed once. `willRun` hears
  /// each micro-batch's number before its forward pass.
  func step(_ samples: [Sample], batchSize: Int, sharing: Bool, willRun: (Int) -> Void)
    throws(TrainingError) -> StepResult
  {
    var result = StepResult()
    let batches = stride(from: 0, to: samples.count, by: batchSize).map {
      SupervisedFineTuning.Batch(samples[$0..<min($0 + batchSize, samples.count)])
    }
    result.trainedTokens = batches.reduce(0) { $0 + $1.targets.count }
    result.tokens = batches.reduce(0) { $0 + $1.ids.count }
    for (index, batch) in batches.enumerated() {
      willRun(index)
      let rows = samples[index * batchSize..<min((index + 1) * batchSize, samples.count)]
      let loss = loss(of: rows, batch, sharing: sharing)
      guard loss.sum.scalar.isFinite else {
        throw TrainingError(
          .diverged,
          "the loss is not finite on " + rows.map(\.source).joined(separator: ", ")
            + "; lower the learning rate, or look at these rows")
      }
      result.accuracy.add(rows, batch.targetPlaces, loss.hits)
      result.loss += Double(loss.sum.scalar) / Double(result.trainedTokens)
      loss.sum.backward(seed: 1 / Float(result.trainedTokens), into: &result.gradients)
    }
    return result
  }

  /// The loss of one micro-batch, `batch`, which packs `samples`.
  private func loss(
    of samples: some Collection<Sample>, _ batch: SupervisedFineTuning.Batch, sharing: Bool
  ) -> SupervisedFineTuning.Loss {
    let hidden =
      if sharing, let packing = PrefixPacking(samples, rotaryClass: rotaryClass) {
        hidden(packing)
      } else {
        hidden(
          batch.ids, Segments(lengths: batch.lengths), rows: batch.predictingRows,
          media: media(Sample.Medium.packed(samples.map { ($0.ids.count, $0.media) })))
      }
    return SupervisedFineTuning.loss(hidden, batch, head: head.weight)
  }

  private func hidden(_ packing: PrefixPacking) -> Tensor {
    let layout = packing.layout
    let hidden = hidden(
      layout.ids, Segments(lengths: layout.lengths), rows: packing.rows,
      media: media(layout.media), shared: layout.shared, classes: layout.classes)
    return selectRows(hidden, packing.places)
  }

  /// Mean loss per trained token over `samples`, nothing recorded.
  func evaluationLoss(_ samples: [Sample]) -> (sum: Double, tokens: Int) {
    let batch = SupervisedFineTuning.Batch(samples)
    let tokens = Recording.off { loss(of: samples, batch, sharing: true).tokens }
    return (tokens.reduce(0.0) { $0 + Double($1) }, tokens.count)
  }
}
