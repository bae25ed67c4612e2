/// The keys of `objective` that speak of sampled completions, by the names of TRL's GRPOConfig.
public struct GRPORecipe: Sendable, Hashable {
  /// What a step's losses are divided by and how ratios are bounded.
  public enum Loss: String, Sendable, CaseIterable {
    case grpo, dapo, bnpo, cispo, sapo
    case drGRPO = "dr_grpo"
  }
  /// Whether tokens or whole completions have a ratio (Zheng et al. 2025).
  public enum Level: String, Sendable, CaseIterable { case token, sequence }
  /// What advantages are divided by: the spread of their group, of all that a step has sampled, or
  /// nothing.
  public enum Scale: String, Sendable, CaseIterable { case group, batch, none }
  /// What rewards are compared with: the mean of their group; of the others of their group (Ahmadian
  /// et al. 2024); of all that a step has sampled (Hu 2025).
  public enum Estimator: String, Sendable, CaseIterable {
    case grpo, rloo
    case reinforcePlusPlus = "reinforce_plus_plus"
  }

  /// Completions of each prompt, and the most tokens of one.
  public var groupSize = 8, maximumNewTokens = 512
  /// How tokens are drawn.
  public var temperature = 1.0, topP = 1.0, topK = 0, minP: Double?, repetitionPenalty = 1.0
  /// How far ratios may leave 1, downward and upward; nil: as far upward, of cispo up to 5.
  public var epsilon = 0.2, epsilonHigh: Double?
  /// The greatest ratio; nil: none.
  public var delta: Double?
  /// What a step's rewards become.
  public var scale = Scale.group, estimator = Estimator.grpo
  /// Whether the divergence from the reference is weighed by the ratio, which makes its gradient that
  /// of the reverse divergence.
  public var correctsDivergence = true
  /// Whether tokens or whole completions have a ratio.
  public var level = Level.token
  /// SAPO's temperatures of better and worse completions.
  public var temperaturePositive = 1.0, temperatureNegative = 1.05
  /// How often completions are learnt from; micro-batches that they are cut into.
  public var iterations = 1, stepsPerGeneration: Int?
  /// Whether completions that the limit ended teach nothing.
  public var masksTruncated = false
  /// The share of tokens, by falling entropy, that are learnt.
  public var entropyQuantile = 1.0
  /// What each reward counts; nil: as `rewards` says.
  public var rewardWeights: RecipeNumbers?
  /// Whether groups whose completions are all as good are drawn anew, of other prompts.
  public var drawsSignal = false
  /// A file of recorded completions, which are learnt in the place of sampled ones.
  public var rollouts: String?
  /// Whether completions are shown at each row of the log, and how many.
  public var showsCompletions = false, shownCompletions = 2

  init() {}
}

extension GRPORecipe.Loss: RecipeChoice {}
extension GRPORecipe.Level: RecipeChoice {}
extension GRPORecipe.Scale: RecipeChoice {}
extension GRPORecipe.Estimator: RecipeChoice {}

extension ObjectiveRecipe {
  static let samplingKeys: [RecipeKey<ObjectiveRecipe>] = [
    RecipeKey(
      "num_generations", \.grpo.groupSize, "grpo: completions of each prompt", .positive),
    RecipeKey(
      "max_completion_length", \.grpo.maximumNewTokens, "grpo: most tokens of one", .positive),
    RecipeKey("temperature", \.grpo.temperature, "grpo: what logits are divided by", .positive),
    RecipeKey(
      "top_p", \.grpo.topP, "grpo: likeliest tokens whose sum reaches this", .positiveShare),
    RecipeKey("top_k", \.grpo.topK, "grpo: so many likeliest tokens; 0: all", .notNegative),
    RecipeKey("min_p", \.grpo.minP, "grpo: tokens of this share of the likeliest's", .share),
    RecipeKey(
      "repetition_penalty", \.grpo.repetitionPenalty, "grpo: weighs tokens seen before down",
      .positive),
    RecipeKey(
      "rollouts", \.grpo.rollouts,
      "grpo: a file of recorded completions, learnt in the place of sampled ones"),
    RecipeKey(
      "steps_per_generation", \.grpo.stepsPerGeneration,
      "grpo: micro-batches that the completions of one sampling are cut into; null: those of a step",
      .positive),
    RecipeKey(
      "num_iterations", \.grpo.iterations, "grpo: how often they are learnt from", .positive),
    RecipeKey(
      "log_completions", \.grpo.showsCompletions, "grpo: show completions at each row of the log"),
    RecipeKey(
      "num_completions_to_print", \.grpo.shownCompletions, "grpo: how many of them", .positive),
  ]

  static let advantageKeys: [RecipeKey<ObjectiveRecipe>] = [
    RecipeKey(
      "reward_weights", \.grpo.rewardWeights,
      "grpo: what each reward counts; null: as rewards[].weight says"),
    RecipeKey("scale_rewards", \.grpo.scale, "grpo: the spread that advantages are divided by"),
    RecipeKey(
      "advantage_estimator", \.grpo.estimator, "grpo: what rewards are compared with"),
    RecipeKey(
      "dynamic_sampling", \.grpo.drawsSignal,
      "grpo: draw other prompts in the place of groups whose completions are all as good"),
    RecipeKey("epsilon", \.grpo.epsilon, "grpo: how far ratios may fall below 1", .belowOne),
    RecipeKey(
      "epsilon_high", \.grpo.epsilonHigh,
      "grpo: how far they may rise above it, null: as far; of cispo their bound, null: 5", .positive
    ),
    RecipeKey("delta", \.grpo.delta, "grpo: the greatest ratio; null: none", .positive),
    RecipeKey(
      "importance_sampling_level", \.grpo.level, "grpo: what has a ratio; sequence: GSPO"),
    RecipeKey(
      "use_bias_correction_kl", \.grpo.correctsDivergence,
      "grpo: weigh the divergence from the reference by the ratio"),
    RecipeKey(
      "sapo_temperature_pos", \.grpo.temperaturePositive, "sapo: of better completions", .positive),
    RecipeKey(
      "sapo_temperature_neg", \.grpo.temperatureNegative, "sapo: of worse ones", .positive),
    RecipeKey(
      "mask_truncated_completions", \.grpo.masksTruncated,
      "grpo: completions that max_completion_length ended teach nothing"),
    RecipeKey(
      "top_entropy_quantile", \.grpo.entropyQuantile,
      "grpo: share of tokens, by falling entropy, that are learnt", .positiveShare),
  ]
}
