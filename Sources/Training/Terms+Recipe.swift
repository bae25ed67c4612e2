import Formats
public import Objectives
public import Tasks

extension [Term] {
  /// What a recipe's `objective` asks for, as summands; of two kinds of terms that of pairs is first,
  /// whose mean the log tells.
  public init(_ recipe: ObjectiveRecipe) {
    let beta = recipe.beta ?? (recipe.type == .simpo ? 2 : 0.1)
    let smoothing = recipe.labelSmoothing, answers = SFT(rows: .pairs)
    switch recipe.type {
    case .sft: self = [Term(SFT())]
    case .dpo:
      let weights = recipe.lossWeights?.numbers ?? recipe.losses.map { _ in 1 }
      let terms = zip(recipe.losses, weights).map { name, weight in
        if name == "sft" { return Term(answers, weight: weight) }
        guard let loss = PairLoss(rawValue: name) else { Self.unknown(name) }
        return Term(
          DPO(
            loss, beta: beta, labelSmoothing: smoothing,
            temperature: recipe.discopopTemperature), weight: weight)
      }
      self = terms.filter(\.objective.usesReference) + terms.filter { !$0.objective.usesReference }
    case .kto:
      let name = recipe.losses[0]
      guard let kind = KTO.Kind(rawValue: name) else { Self.unknown(name) }
      self = [
        Term(
          KTO(
            kind, beta: beta, desirable: recipe.desirableWeight,
            undesirable: recipe.undesirableWeight))
      ]
    case .simpo:
      self = [
        Term(SimPO(beta: beta, gamma: recipe.simpoGamma, labelSmoothing: smoothing))
      ]
    case .cpo:
      self =
        [Term(CPO(beta: beta, labelSmoothing: smoothing))]
        + (recipe.cpoAlpha > 0 ? [Term(answers, weight: recipe.cpoAlpha)] : [])
    case .rewardModel:
      self = [Term(RewardModel(centering: recipe.centerRewardsCoefficient ?? 0))]
    case .orpo:
      self = [Term(ORPO(beta: beta)), Term(SFT(rows: .pairs, scoresPrompts: true))]
    case .grpo: self = [Term(GRPO(recipe))]
    case .expectedReward:
      let weights = recipe.lossWeights?.numbers ?? recipe.losses.map { _ in 1 }
      let terms = zip(recipe.losses, weights).map { name, weight in
        Term(name == "sft" ? SFT() : ExpectedReward(), weight: weight)
      }
      self = terms.filter { $0.objective is ExpectedReward } + terms.filter { $0.objective is SFT }
    }
  }

  /// A recipe is checked against the same names: a test holds both lists together.
  private static func unknown(_ name: String) -> Never {
    preconditionFailure("objective: the loss '\(name)' has passed the recipe's check")
  }

  /// What they ask of rows.
  public var rows: RowKind { first?.objective.rows ?? .texts }

  /// What they read of texts; all the same.
  public var signal: Signal { first?.objective.signal ?? .logProbabilities }

  /// Whether any compares with the model at the start.
  public var useReference: Bool { contains { $0.objective.usesReference } }
}

extension GRPO {
  /// What a recipe asks for.
  init(_ recipe: ObjectiveRecipe) {
    let keys = recipe.grpo
    guard let loss = GRPORecipe.Loss(rawValue: recipe.losses[0]) else {
      preconditionFailure("objective: the loss '\(recipe.losses[0])' has passed the recipe's check")
    }
    self.init(
      loss, level: keys.level, epsilon: keys.epsilon, epsilonHigh: keys.epsilonHigh,
      delta: keys.delta, beta: recipe.beta ?? 0, correctsDivergence: keys.correctsDivergence,
      temperatures: (keys.temperaturePositive, keys.temperatureNegative),
      maximumLength: keys.maximumNewTokens, entropyQuantile: keys.entropyQuantile)
  }
}
