/// `training_args`: how the objective is minimized, by the names of transformers' TrainingArguments.
public struct TrainingRecipe: Sendable, Hashable {
  /// How the learning rate goes after warm-up.
  public enum Schedule: String, Sendable, CaseIterable {
    case linear, cosine, constant
    case constantWithWarmup = "constant_with_warmup"
  }
  /// What happens to a row longer than `maximumLength`.
  public enum Overlength: String, Sendable, CaseIterable { case error, drop, truncate }

  /// Passes over the data; optimizer steps, which win over epochs when given.
  public var epochs = 3.0, maximumSteps: Int?
  /// Rows of a micro-batch in training and in evaluation; micro-batches of an optimizer step.
  public var trainBatchSize = 8, evaluationBatchSize = 8, accumulation = 1
  /// Gradients of which a step's is the sum, each that of neighbouring micro-batches; nil: one of each.
  public var gradientLanes: Int?
  /// The highest learning rate, and how it goes from there.
  public var learningRate = 2e-4, schedule = Schedule.linear
  /// Steps over which the rate rises, as a share of all steps or, when given, as their number.
  public var warmupRatio = 0.0, warmupSteps: Int?
  /// AdamW's constants.
  public var weightDecay = 0.0, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8
  /// The gradient's greatest norm; 0 does not clip.
  public var maximumGradientNorm = 1.0
  /// The longest row in tokens, and what happens to longer ones.
  public var maximumLength = 1024, onOverlength = Overlength.error
  /// Intervals in steps; nil: derived from the number of steps.
  public var loggingSteps: Int?, evaluationSteps: Int?, saveSteps: Int?
  /// Minutes after which a checkpoint is due, whatever the steps; nil: never.
  public var saveMinutes: Double? = 30
  /// The checkpoints kept beside the best one; nil: all.
  public var saveLimit: Int? = 2
  /// Who is told how the run goes.
  public var trackers = Trackers()
  /// The metric that chooses the best step; nil: the evaluation loss.
  public var bestMetric: String?
  /// The metric's direction; nil: as the metric says.
  public var greaterIsBetter: Bool?
  /// Whether the run ends with the best step's weights.
  public var loadsBestModel = false
  /// Evaluations without a gain above the threshold after which the run ends; nil: never.
  public var stoppingPatience: Int?, stoppingThreshold = 0.0
  /// Whether activations are computed again on the way back: less memory, more time. nil: where
  /// memory would not suffice otherwise.
  public var usesCheckpointing: Bool?
  /// Whether matrix products round their operands to bf16; sums and all else stay f32.
  public var usesBF16 = false
  /// The most memory that the run may use; nil: what is free.
  public var memoryLimit: ByteCount?
  /// Decides the adapters' first values, the rows' order and dropout.
  public var seed = 42
  /// The chat template's `enable_thinking`; nil leaves it unsaid.
  public var enablesThinking: Bool?

  init() {}
}

extension TrainingRecipe.Schedule: RecipeChoice {}
extension TrainingRecipe.Overlength: RecipeChoice {}
extension TrainingRecipe: RecipeSection {
  static let keys = lengthKeys + optimizerKeys + intervalKeys + choiceKeys

  private static let lengthKeys: [RecipeKey<TrainingRecipe>] = [
    RecipeKey("num_train_epochs", \.epochs, "passes over the data", .positive),
    RecipeKey("max_steps", \.maximumSteps, "optimizer steps; win over epochs", .positive),
    RecipeKey(
      "per_device_train_batch_size", \.trainBatchSize, "rows of a micro-batch", .positive),
    RecipeKey(
      "per_device_eval_batch_size", \.evaluationBatchSize, "rows evaluated at once", .positive),
    RecipeKey(
      "gradient_accumulation_steps", \.accumulation, "micro-batches of an optimizer step",
      .positive),
    RecipeKey(
      "gradient_lanes", \.gradientLanes,
      "gradients of which a step's is the sum, fewer take less memory; null: one of each micro-batch",
      .positive),
    RecipeKey("max_length", \.maximumLength, "longest row, in tokens", .positive),
    RecipeKey("on_overlength", \.onOverlength, "what happens to a row longer than max_length"),
    RecipeKey("enable_thinking", \.enablesThinking, "the chat template's variable of this name"),
  ]

  private static let optimizerKeys: [RecipeKey<TrainingRecipe>] = [
    RecipeKey(
      "learning_rate", \.learningRate,
      "highest learning rate; usual ones are 2e-4, of peft.method full 1e-5, of ia3 3e-3, of preference "
        + "objectives 5e-5, with full 1e-6, of reward_model 1e-4",
      .notNegative),
    RecipeKey("lr_scheduler_type", \.schedule, "how the rate goes after warm-up"),
    RecipeKey("warmup_ratio", \.warmupRatio, "share of the steps in which the rate rises", .share),
    RecipeKey(
      "warmup_steps", \.warmupSteps, "their number; wins over warmup_ratio", .notNegative),
    RecipeKey("weight_decay", \.weightDecay, "AdamW's decay of matrices", .notNegative),
    RecipeKey("adam_beta1", \.beta1, "AdamW's β₁", .belowOne),
    RecipeKey("adam_beta2", \.beta2, "AdamW's β₂", .belowOne),
    RecipeKey("adam_epsilon", \.epsilon, "AdamW's ε", .notNegative),
    RecipeKey(
      "max_grad_norm", \.maximumGradientNorm, "greatest norm of the gradient; 0 does not clip",
      .notNegative),
    RecipeKey(
      "gradient_checkpointing", \.usesCheckpointing,
      "compute activations twice to save memory; null: where memory_limit demands it"),
    RecipeKey(
      "bf16", \.usesBF16,
      "bf16 operands in matrix products: a step takes about two thirds of the time where the "
        + "processor has AVX512-BF16, with about three digits"),
    RecipeKey(
      "memory_limit", \.memoryLimit, "most memory the run may use; null: what is free"),
    RecipeKey("seed", \.seed, "decides first values, order of rows and dropout", .notNegative),
  ]

  private static let intervalKeys: [RecipeKey<TrainingRecipe>] = [
    RecipeKey(
      "logging_steps", \.loggingSteps, "steps between log rows; null: a fiftieth of the run",
      .positive),
    RecipeKey(
      "eval_steps", \.evaluationSteps,
      "steps between evaluations; null: a quarter of the run", .positive),
    RecipeKey(
      "save_steps", \.saveSteps, "steps between checkpoints; null: as eval_steps", .positive),
    RecipeKey(
      "save_minutes", \.saveMinutes,
      "minutes after which a checkpoint is due between them; null: never", .positive),
    RecipeKey(
      "save_total_limit", \.saveLimit, "checkpoints kept beside the best; null: all", .positive),
    RecipeKey(
      "report_to", \.trackers,
      "who is told how the run goes: tensorboard, wandb (offline, for wandb sync), none"),
  ]

  private static let choiceKeys: [RecipeKey<TrainingRecipe>] = [
    RecipeKey(
      "metric_for_best_model", \.bestMetric,
      "metric that chooses the best step, by its name in the report; null: eval_loss"),
    RecipeKey(
      "greater_is_better", \.greaterIsBetter, "its direction; null: as the metric says"),
    RecipeKey(
      "load_best_model_at_end", \.loadsBestModel, "end with the best step's weights"),
    RecipeKey(
      "early_stopping_patience", \.stoppingPatience,
      "evaluations without gain after which the run ends; null: never", .positive),
    RecipeKey(
      "early_stopping_threshold", \.stoppingThreshold, "what counts as a gain", .notNegative),
  ]
}
