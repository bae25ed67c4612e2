public import Tasks

/// Kahneman-Tversky optimization (Ethayarajh et al. 2024, eq. 8): wanted answers are to become
/// likelier than the reference and unwanted ones less likely, measured from how far the model has
/// drifted on answers that belong to other prompts. Mean over rows.
public struct KTO: Objective {
  /// Which function of the reward.
  public enum Kind: String, Sendable, CaseIterable {
    case kto
    /// Measured from 0 instead (D'Oosterlinck et al. 2024).
    case apoZeroUnpaired = "apo_zero_unpaired"
  }

  /// Which function of the reward.
  public var kind: Kind
  /// β; the weights of wanted and unwanted rows.
  public var beta: Double, desirable: Double, undesirable: Double
  /// z, the drift that rewards are measured from, as a log-ratio: max(0, mean over the step).
  public var drift = 0.0

  /// Whether rewards are measured from the drift.
  public var measuresDrift: Bool { kind == .kto }

  /// The objective without drift.
  public init(
    _ kind: Kind = .kto, beta: Double = 0.1, desirable: Double = 1, undesirable: Double = 1
  ) {
    self.kind = kind
    self.beta = beta
    self.desirable = desirable
    self.undesirable = undesirable
  }

  /// Rows that say whether their answer is wanted.
  public var rows: RowKind { .labels }
  /// It compares with the model at the start.
  public var usesReference: Bool { true }

  /// Rows.
  public func weight(of batch: Batch) -> Double { Double(batch.texts.count) }

  /// The sum over the batch, and its derivative.
  public func callAsFunction(_ policy: [Float], _ reference: [Float]?, _ batch: Batch) -> Loss {
    var value = 0.0, derivative = batch.zeros
    var sums: [Bool: (count: Double, reward: Double, logProbability: Double)] = [:]
    for text in batch.texts {
      let isWanted = text.role == .desirable, ratio = batch.logRatio(text, policy, reference)
      let weight = isWanted ? desirable : undesirable, sign = isWanted ? 1.0 : -1.0
      let z = sign * beta * (ratio - drift)
      value += weight * (1 - logistic(z))
      let slope = -weight * sign * beta * logistic(z) * logistic(-z)
      batch.spread(slope, over: text.answer, in: &derivative)
      let old = sums[isWanted] ?? (0, 0, 0)
      sums[isWanted] = (
        old.count + 1, old.reward + beta * ratio,
        old.logProbability + batch.sum(policy, text.answer)
      )
    }
    let metrics = [(true, "chosen"), (false, "rejected")].flatMap { isWanted, name in
      let sum = sums[isWanted] ?? (0, 0, 0)
      return [
        Metric("rewards/\(name)", sum.reward, over: sum.count),
        Metric("logps/\(name)", sum.logProbability, over: sum.count),
      ]
    }
    let kl = measuresDrift ? [Metric("kl", drift * weight(of: batch), over: weight(of: batch))] : []
    return Loss(value: value, derivative: derivative, metrics: metrics + kl)
  }
}
