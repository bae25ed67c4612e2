public import Tasks

/// A reward model (Bradley and Terry 1952; Ouyang et al. 2022, eq. 1): the chosen answer's score is to
/// lie above the rejected one's. Mean over pairs.
public struct RewardModel: Objective {
  /// The weight of (s(chosen) + s(rejected))², which holds scores around 0 (Eisenstein et al. 2023,
  /// eq. 2): their differences alone leave the mean open.
  public var centering: Double

  /// −log σ(s(chosen) − s(rejected)) + centering · (s(chosen) + s(rejected))²
  public init(centering: Double = 0) { self.centering = centering }

  /// Pairs.
  public var rows: RowKind { .pairs }
  /// A score for each text.
  public var signal: Signal { .score }
  /// It compares with nothing.
  public var usesReference: Bool { false }
  /// How often, and by how much, the chosen answer's score is the higher one.
  public var directions: [(name: String, higherIsBetter: Bool)] {
    [("accuracy", true), ("margin", true)]
  }

  /// Pairs.
  public func weight(of batch: Batch) -> Double { Double(batch.pairs.count) }

  /// The sum over the batch, and its derivative.
  public func callAsFunction(_ scores: [Float], _: [Float]?, _ batch: Batch) -> Loss {
    var value = 0.0, derivative = batch.zeros, hits = 0.0, margins = 0.0
    let pairs = batch.pairs
    for (chosen, rejected) in pairs {
      let up = batch.sum(scores, chosen.answer), down = batch.sum(scores, rejected.answer)
      let margin = up - down, sum = up + down
      value += centering * sum * sum - logSigmoid(margin)
      let slope = logistic(-margin), pull = 2 * centering * sum
      batch.spread(pull - slope, over: chosen.answer, in: &derivative)
      batch.spread(pull + slope, over: rejected.answer, in: &derivative)
      hits += margin > 0 ? 1 : 0
      margins += margin
    }
    let all = pairs.flatMap { [$0.chosen, $0.rejected] }.map { batch.sum(scores, $0.answer) }
    let count = Double(pairs.count), texts = Double(all.count)
    return Loss(
      value: value, derivative: derivative,
      metrics: [
        Metric("accuracy", hits, over: count), Metric("margin", margins, over: count),
        Metric("min_reward", all.min() ?? 0, over: texts > 0 ? 1 : 0, union: .least),
        Metric("mean_reward", all.reduce(0, +), over: texts),
        Metric("max_reward", all.max() ?? 0, over: texts > 0 ? 1 : 0, union: .greatest),
      ])
  }
}
