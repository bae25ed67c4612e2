public import Tasks

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The odds-ratio term of ORPO (Hong et al. 2024, eq. 7): −β log σ of the log of how much greater the
/// chosen answer's odds are, of mean log-probabilities. Mean over pairs; ORPO adds cross-entropy.
public struct ORPO: Objective {
  /// The weight of the term.
  public var beta: Double

  /// The term with weight `beta`.
  public init(beta: Double = 0.1) { self.beta = beta }

  /// Pairs.
  public var rows: RowKind { .pairs }
  /// It compares with nothing.
  public var usesReference: Bool { false }

  /// Pairs.
  public func weight(of batch: Batch) -> Double { Double(batch.pairs.count) }

  /// The sum over the batch, and its derivative.
  public func callAsFunction(_ policy: [Float], _: [Float]?, _ batch: Batch) -> Loss {
    var value = 0.0, derivative = batch.zeros, logOdds = 0.0, ratio = 0.0
    var log = PairLog()
    for (chosen, rejected) in batch.pairs {
      let (w, l) = (Double(chosen.length), Double(rejected.length))
      // A probability of 1 has no odds; it is taken as f32's nearest below.
      let up = min(batch.sum(policy, chosen.answer) / w, -0x1p-24)
      let down = min(batch.sum(policy, rejected.answer) / l, -0x1p-24)
      let odds = up - log1p(-exp(up)) - (down - log1p(-exp(down)))
      value -= beta * logSigmoid(odds)
      let slope = -beta * logistic(-odds)
      batch.spread(slope / (1 - exp(up)) / w, over: chosen.answer, in: &derivative)
      batch.spread(-slope / (1 - exp(down)) / l, over: rejected.answer, in: &derivative)
      log.append((beta * up, beta * down), up, down)
      logOdds += odds
      ratio += logSigmoid(odds)
    }
    return Loss(
      value: value, derivative: derivative,
      metrics: log.metrics + [
        Metric("log_odds_ratio", ratio, over: log.count),
        Metric("log_odds_chosen", logOdds, over: log.count),
      ])
  }
}
