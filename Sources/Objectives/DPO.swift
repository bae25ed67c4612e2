public import Tasks

/// Direct preference optimization (Rafailov et al. 2023) and the losses that take its place: a function
/// of how much likelier the chosen and the rejected answer have become than under the reference; mean
/// over pairs.
public struct DPO: Objective {
  /// Which function.
  public var loss: PairLoss
  /// β, what a log-ratio is multiplied by to be a reward; ε, the share of labels taken as wrong.
  public var beta: Double, labelSmoothing: Double
  /// discopop's temperature.
  public var temperature: Double

  /// The loss `loss`.
  public init(
    _ loss: PairLoss = .sigmoid, beta: Double = 0.1, labelSmoothing: Double = 0,
    temperature: Double = 0.05
  ) {
    self.loss = loss
    self.beta = beta
    self.labelSmoothing = labelSmoothing
    self.temperature = temperature
  }

  /// Pairs.
  public var rows: RowKind { .pairs }
  /// It compares with the model at the start.
  public var usesReference: Bool { true }

  /// Pairs.
  public func weight(of batch: Batch) -> Double { Double(batch.pairs.count) }

  /// The sum over the batch, and its derivative.
  public func callAsFunction(_ policy: [Float], _ reference: [Float]?, _ batch: Batch) -> Loss {
    var value = 0.0, derivative = batch.zeros
    var log = PairLog()
    for (chosen, rejected) in batch.pairs {
      let c = batch.logRatio(chosen, policy, reference)
      let r = batch.logRatio(rejected, policy, reference)
      let result = loss(
        PairLoss.Pair(
          chosen: c, rejected: r, chosenLength: chosen.length, rejectedLength: rejected.length),
        beta: beta, epsilon: labelSmoothing, temperature: temperature)
      value += result.loss
      batch.spread(result.chosen, over: chosen.answer, in: &derivative)
      batch.spread(result.rejected, over: rejected.answer, in: &derivative)
      log.append(
        (beta * c, beta * r), batch.sum(policy, chosen.answer), batch.sum(policy, rejected.answer))
    }
    return Loss(value: value, derivative: derivative, metrics: log.metrics)
  }
}
