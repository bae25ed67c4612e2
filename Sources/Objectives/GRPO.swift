public import Formats
public import Tasks

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Group relative policy optimization (Shao et al. 2024) and its relatives: sampled completions become
/// likelier by as much as they were better than others of their group. A completion's ratio is how much
/// likelier it has become since it was sampled.
public struct GRPO: Objective {
  /// What losses are divided by, and how ratios are bounded.
  public var loss: GRPORecipe.Loss
  /// Whether tokens have a ratio, or completions: the geometric mean of theirs.
  public var level: GRPORecipe.Level
  /// How far ratios may fall below 1, and rise above it; of cispo the greatest one.
  public var epsilon: Double, epsilonHigh: Double
  /// The greatest ratio of a worse completion; nil: none.
  public var delta: Double?
  /// The weight of the divergence from the reference, and whether the ratio weighs it.
  public var beta: Double, correctsDivergence: Bool
  /// SAPO's temperatures of better and of worse completions.
  public var temperatures: (better: Double, worse: Double)
  /// The most tokens of a completion, which dr_grpo divides by.
  public var maximumLength: Int
  /// The share of tokens, by falling entropy, that are learnt; and the least entropy of these, once it
  /// is known of a step.
  public var entropyQuantile: Double, leastEntropy: Double?

  /// The loss `loss`, with TRL's defaults; cispo's bound is 5.
  public init(
    _ loss: GRPORecipe.Loss = .dapo, level: GRPORecipe.Level = .token, epsilon: Double = 0.2,
    epsilonHigh: Double? = nil, delta: Double? = nil, beta: Double = 0,
    correctsDivergence: Bool = true, temperatures: (better: Double, worse: Double) = (1, 1.05),
    maximumLength: Int = 512, entropyQuantile: Double = 1
  ) {
    self.loss = loss
    self.level = level
    self.epsilon = epsilon
    self.epsilonHigh = epsilonHigh ?? (loss == .cispo ? 5 : epsilon)
    self.delta = delta
    self.beta = beta
    self.correctsDivergence = correctsDivergence
    self.temperatures = temperatures
    self.maximumLength = maximumLength
    self.entropyQuantile = entropyQuantile
  }

  /// Prompts, which completions are sampled of.
  public var rows: RowKind { .prompts }
  /// Whether the divergence counts.
  public var usesReference: Bool { beta > 0 }

  /// Completions, of dr_grpo as if all had the greatest length, or their tokens.
  public func weight(of batch: Batch) -> Double {
    switch loss {
    case .grpo, .sapo: Double(batch.texts.count)
    case .drGRPO: Double(batch.texts.count * maximumLength)
    case .dapo, .bnpo, .cispo: Double(batch.texts.reduce(0) { $0 + $1.length })
    }
  }

  /// Whether there is nothing to learn: no completion is better or worse than it could be expected to
  /// be, and none is held to the reference.
  public func isSilent(_ batch: Batch) -> Bool {
    batch.texts.allSatisfy { $0.length == 0 || ($0.advantage == 0 && beta == 0) }
  }

  /// The sum over the batch, and its derivative.
  public func callAsFunction(_ policy: [Float], _ reference: [Float]?, _ batch: Batch) -> Loss {
    var sum = Sum(self, batch, policy, beta > 0 ? reference : nil)
    for text in batch.texts where text.length > 0 { sum.add(text) }
    return Loss(value: sum.value, derivative: sum.derivative, metrics: sum.metrics)
  }

  /// The loss of a ratio, and its derivative with respect to the ratio's logarithm.
  func bounded(_ ratio: Double, _ advantage: Double) -> (loss: Double, slope: Double) {
    switch loss {
    case .grpo, .dapo, .bnpo, .drGRPO:
      let most = delta ?? .infinity
      let free = min(ratio, most) * advantage
      let clipped = min(max(ratio, 1 - epsilon), 1 + epsilonHigh) * advantage
      return free <= clipped
        ? (-free, ratio <= most ? -advantage * ratio : 0) : (-clipped, 0)
    case .sapo:
      let temperature = advantage > 0 ? temperatures.better : temperatures.worse
      let gate = 1 / (1 + exp(-temperature * (ratio - 1)))
      return (-advantage * 4 * gate / temperature, -advantage * 4 * gate * (1 - gate) * ratio)
    case .cispo:
      preconditionFailure("grpo: cispo's loss is a function of the log-probability")
    }
  }

  /// Whether a ratio is bounded: one that fell too far, or rose too far.
  func isClipped(_ ratio: Double, _ advantage: Double) -> (low: Bool, high: Bool) {
    loss == .cispo
      ? (false, ratio > epsilonHigh && advantage > 0)
      : (ratio < 1 - epsilon && advantage < 0, ratio > 1 + epsilonHigh && advantage > 0)
  }
}
