public import Tasks

/// Contrastive preference optimization (Xu et al. 2024) without its supervised term: DPO's sigmoid
/// without a reference. Mean over pairs.
public struct CPO: Objective {
  /// β; the share of pairs taken the other way round.
  public var beta: Double, labelSmoothing: Double

  /// −log σ(β (log p(chosen) − log p(rejected))); a share of `labelSmoothing` the other way round.
  public init(beta: Double = 0.1, labelSmoothing: Double = 0) {
    self.beta = beta
    self.labelSmoothing = labelSmoothing
  }

  /// Pairs.
  public var rows: RowKind { .pairs }
  /// It compares with nothing.
  public var usesReference: Bool { false }

  /// Pairs.
  public func weight(of batch: Batch) -> Double { Double(batch.pairs.count) }

  /// The sum over the batch, and its derivative.
  public func callAsFunction(_ policy: [Float], _: [Float]?, _ batch: Batch) -> Loss {
    batch.loss(policy, perToken: false, beta: beta, gamma: 0, labelSmoothing: labelSmoothing)
  }
}

/// Simple preference optimization (Meng et al. 2024, eq. 6): rewards are mean log-probabilities, and
/// the chosen one's is to lie `gamma` above the rejected one's. Mean over pairs.
public struct SimPO: Objective {
  /// β and γ; the share of pairs taken the other way round.
  public var beta: Double, gamma: Double, labelSmoothing: Double

  /// −log σ(β (mean log p(chosen) − mean log p(rejected)) − γ)
  public init(beta: Double = 2, gamma: Double = 0.5, labelSmoothing: Double = 0) {
    self.beta = beta
    self.gamma = gamma
    self.labelSmoothing = labelSmoothing
  }

  /// Pairs.
  public var rows: RowKind { .pairs }
  /// It compares with nothing.
  public var usesReference: Bool { false }

  /// Pairs.
  public func weight(of batch: Batch) -> Double { Double(batch.pairs.count) }

  /// The sum over the batch, and its derivative.
  public func callAsFunction(_ policy: [Float], _: [Float]?, _ batch: Batch) -> Loss {
    batch.loss(policy, perToken: true, beta: beta, gamma: gamma, labelSmoothing: labelSmoothing)
  }
}

extension Batch {
  /// −(1 − ε) log σ(z) − ε log σ(−z), z = β (s(chosen) − s(rejected)) − γ, s being an answer's summed
  /// log-probability, or the mean over its tokens.
  fileprivate func loss(
    _ policy: [Float], perToken: Bool, beta: Double, gamma: Double, labelSmoothing: Double
  ) -> Loss {
    var value = 0.0, derivative = zeros
    var log = PairLog()
    for (chosen, rejected) in pairs {
      let (w, l) = perToken ? (Double(chosen.length), Double(rejected.length)) : (1, 1)
      let up = beta * sum(policy, chosen.answer) / w
      let down = beta * sum(policy, rejected.answer) / l
      let z = up - down - gamma
      value -= (1 - labelSmoothing) * logSigmoid(z) + labelSmoothing * logSigmoid(-z)
      let slope = labelSmoothing * logistic(z) - (1 - labelSmoothing) * logistic(-z)
      spread(beta * slope / w, over: chosen.answer, in: &derivative)
      spread(-beta * slope / l, over: rejected.answer, in: &derivative)
      log.append((up, down), up / beta, down / beta)
    }
    return Loss(value: value, derivative: derivative, metrics: log.metrics)
  }
}
