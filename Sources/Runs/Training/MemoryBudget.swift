import Formats
import Generation
import Models
import Rows
import Tensors
import Training

/// What a run may use, and the plan that keeps to it.
public struct MemoryBudget {
  private let session: TaskSession
  private let train: EncodedDataset
  private let setup: TrainingSetup
  /// Whether a pair's prompt is computed once.
  private let sharesPrompts: Bool
  private let judges: Bool, evaluates: Bool
  private let program: Int
  /// Ranks that share the work.
  private let ranks: Int
  /// Bytes the whole process may use.
  public let limit: Int
  private var recipe: Recipe { session.recipe }

  /// The budget of a run of `model`, as it is stored, over `train`: `training_args.memory_limit`, else
  /// what is free. `evaluates`: whether there are rows to evaluate; `judges`: whether they are answered
  /// or weighed, too. `ranks` share the work, `ranksHere` of them this machine.
  public init(
    _ session: TaskSession, _ train: EncodedDataset, _ model: CausalLanguageModel, judges: Bool,
    evaluates: Bool, ranks: Int = 1, ranksHere: Int = 1
  ) throws(FormatError) {
    if let limit = session.recipe.training.memoryLimit?.bytes, limit < 1_000_000 {
      throw session.recipe.fault(
        "training_args.memory_limit",
        "is \(limit) bytes, in which nothing runs; write it with its unit, as in 6GB")
    }
    self.ranks = ranks
    self.session = session
    self.judges = judges
    self.evaluates = evaluates
    self.train = train
    let adapters = try session.adapterConfig()
    setup = TrainingSetup(
      model, quantization: session.recipe.quantization?.kind, adapters: adapters)
    let drops = adapters.map { $0.dropout > 0 } ?? false
    let longest = train.longestTexts(1).first ?? 0
    sharesPrompts =
      session.rowKind == .pairs && (session.recipe.objective.disablesDropout || !drops)
      && model.rotaryClass(1) == model.rotaryClass(longest)
    // Weights of rewards' models are mapped, and in use once they score.
    let used = Machine.currentMemory
    program = used + session.scorer.bytes
    limit =
      session.recipe.training.memoryLimit?.bytes ?? (used + Machine().availableMemory / ranksHere)
  }

  /// The plan to run by. Blocks are computed twice where the recipe asks for it, or where it leaves
  /// the choice and memory would not suffice otherwise.
  public func plan() throws -> MemoryPlan {
    let plan = self.plan(spread: spread(ranks: ranks, stage: stage))
    if plan.total <= limit { return plan }
    let rows = recipe.training.trainBatchSize
    throw refusal(
      self.plan(rows: rows, usesCheckpointing: recipe.training.usesCheckpointing ?? false),
      self.plan(rows: rows, usesCheckpointing: true))
  }

  /// The plan of a run whose gradients come together so; it may not fit.
  func plan(spread: MemoryPlan.Spread) -> MemoryPlan {
    let choice = recipe.training.usesCheckpointing, rows = recipe.training.trainBatchSize
    let plain = plan(rows: rows, spread: spread, usesCheckpointing: choice ?? false)
    guard choice == nil, plain.total > limit else { return plain }
    return plan(rows: rows, spread: spread, usesCheckpointing: true)
  }

  /// The plan of a run on one rank, which may not fit.
  public var whole: MemoryPlan { plan(spread: spread(ranks: 1, stage: .moments)) }

  /// How a step's gradients come together.
  func spread(
    ranks: Int, stage: StepShare.Stage, lanes: Int? = nil
  ) -> MemoryPlan.Spread {
    let training = recipe.training, most = lanes ?? training.gradientLanes ?? .max
    return .init(
      ranks: ranks, stage: stage, leaves: min(most, training.accumulation),
      batches: training.accumulation, isOnDisk: recipe.distribution.offload.isOnDisk,
      isRounded: recipe.distribution.weights == .bf16, parts: setup.trainedParts)
  }

  private var stage: StepShare.Stage { StepShare.Stage(recipe) }

  /// Micro-batches of a step.
  var batches: Int { recipe.training.accumulation }

  /// Numbers that are trained.
  var trainedParameters: Int { setup.trainedParameters }

  /// Tokens of a step of the longest rows, whose work is `work`.
  var stepTokens: Int { batch(rows: recipe.training.trainBatchSize).tokens * batches }

  /// What a step computes. Where several steps learn from one sampling each has its share of that.
  public var work: StepWork {
    let training = recipe.training, isDrawn = !sampled.isEmpty
    let drawn =
      recipe.completionsPerSampling / (recipe.stepsPerSampling * recipe.objective.grpo.iterations)
    return StepWork(
      setup, batch: batch(rows: training.trainBatchSize), count: training.accumulation,
      sampled: isDrawn ? completions(drawn, longest: nil) : nil)
  }

  private func plan(
    rows: Int, longest: Int? = nil, spread: MemoryPlan.Spread? = nil, usesCheckpointing: Bool
  ) -> MemoryPlan {
    MemoryPlan(
      setup, batch: batch(rows: rows, longest: longest), evaluation: evaluation,
      reference: session.referenceKind, spread: spread ?? self.spread(ranks: ranks, stage: stage),
      usesCheckpointing: usesCheckpointing, program: program)
  }

  /// The longest rows together, their texts cut to `longest` tokens.
  private func batch(rows: Int, longest: Int? = nil) -> MemoryPlan.Batch {
    if recipe.objective.type == .grpo { return completions(rows, longest: longest) }
    let text = train.longestTexts(1).first ?? 0, texts = session.rowKind == .pairs ? 2 : 1
    let most = longest ?? text
    var tokens = 0, shared = 0
    for row in train.longestRows(rows, sharing: sharesPrompts) {
      tokens += min(row.tokens, texts * most)
      shared += min(row.shared, most)
    }
    // What is shared is computed once where it is worth it (`PrefixPacking`).
    let isShared = shared > 0 && shared * 16 >= tokens
    let read = isShared ? tokens - shared : tokens
    return .init(
      tokens: read, longest: min(text, most), scored: session.givesScores ? texts * rows : read,
      gathered: isShared ? tokens + shared : nil, pieces: rows * texts + (isShared ? rows : 0),
      sound: train.sound(ofRows: rows))
  }

  /// So many sampled completions, as long as they may become, behind the longest prompts, each of which
  /// is computed once. Micro-batches may begin and end within a group.
  private func completions(_ count: Int, longest: Int?) -> MemoryPlan.Batch {
    let prompts = prompts(of: count).map { min($0, longest ?? $0) }
    let new = recipe.objective.grpo.maximumNewTokens, first = prompts.first ?? 0
    let read = prompts.reduce(0, +) + count * new
    return .init(
      tokens: read, longest: first + new, scored: count * new,
      gathered: prompts.reduce(0, +) + count * (first + new), pieces: prompts.count + count)
  }

  /// The lengths of the longest prompts that `count` completions have.
  private func prompts(of count: Int) -> [Int] {
    let group = recipe.objective.grpo.groupSize
    return train.longestTexts((count + group - 1) / group + (count % group == 0 ? 0 : 1))
  }

  /// What sampling holds at once: prompts, and the completions that are decoded beside each other.
  private var sampled: [Int] {
    guard recipe.objective.type == .grpo, recipe.objective.grpo.rollouts == nil else { return [] }
    let count = min(RolloutSampler.slots, recipe.completionsPerSampling)
    return prompts(of: count)
      + Array(repeating: recipe.objective.grpo.maximumNewTokens, count: count)
  }

  /// What an evaluation, or sampling, answers at once, and what an evaluation weighs: pairs, and the rows whose loss it takes.
  private var evaluation: MemoryPlan.Evaluation {
    let rows = recipe.training.evaluationBatchSize
    let isAnswered =
      judges && !session.givesScores
      && (recipe.evaluation.generates || !session.rowKind.isWeighed)
    let answered =
      isAnswered ? train.longestTexts(rows).map { $0 + recipe.generation.maximumNewTokens } : []
    let isWeighed = evaluates && recipe.objective.type != .grpo
    return .init(
      answered: [answered, sampled].max { $0.reduce(0, +) < $1.reduce(0, +) } ?? [],
      weighed: isWeighed ? batch(rows: rows) : nil)
  }

  private func refusal(_ plan: MemoryPlan, _ least: MemoryPlan) -> FormatError {
    let isOurs = recipe.training.memoryLimit != nil
    let bound =
      isOurs
      ? "is \(Format.bytes(limit))"
      : "is not set and \(Format.bytes(limit - program)) are free"
    let need =
      plan.usesCheckpointing || least.total >= plan.total
      ? Format.bytes(plan.total) + (plan.usesCheckpointing ? " with gradient_checkpointing" : "")
      : "\(Format.bytes(plan.total)), or \(Format.bytes(least.total)) with gradient_checkpointing"
    return recipe.fault(
      "training_args.memory_limit", "\(bound), but the run needs \(need); \(remedy)")
  }

  /// The most lanes of gradients that would fit, where every weight is trained; nil: none would.
  private func lanes(usesCheckpointing: Bool) -> Int? {
    let training = recipe.training
    let most = min(training.gradientLanes ?? .max, training.accumulation)
    guard recipe.peft.method == .full, most > ranks else { return nil }
    return (ranks..<most).last { lanes in
      let plan = plan(
        rows: training.trainBatchSize,
        spread: spread(ranks: ranks, stage: stage, lanes: lanes),
        usesCheckpointing: usesCheckpointing)
      return plan.total <= limit
    }
  }

  /// What would fit, in words.
  private var remedy: String {
    let training = recipe.training, checkpoints = training.usesCheckpointing ?? true
    func fits(_ rows: Int, _ longest: Int?, _ checkpoints: Bool) -> Bool {
      plan(rows: rows, longest: longest, usesCheckpointing: checkpoints).total <= limit
    }
    if training.usesCheckpointing == false, fits(training.trainBatchSize, nil, true) {
      return "gradient_checkpointing: true would fit"
    }
    if let lanes = lanes(usesCheckpointing: checkpoints) {
      return "gradient_lanes: \(lanes) would fit"
        + (training.usesCheckpointing == nil ? " with gradient_checkpointing" : "")
    }
    if let rows = (1..<max(training.trainBatchSize, 1)).last(where: { fits($0, nil, checkpoints) })
    {
      return "per_device_train_batch_size: \(rows) would fit"
        + (checkpoints ? "" : " without gradient_checkpointing")
    }
    let longest = train.longestTexts(1).first ?? 1
    let lengths = stride(from: longest / 16 * 16, to: 0, by: -16)
    if let length = lengths.first(where: { fits(1, $0, true) }) {
      return "one row of max_length: \(length) would fit"
    }
    let least = self.plan(rows: 1, longest: 16, usesCheckpointing: true)
    if recipe.peft.method != .full, least.adapter + least.optimizer > least.total / 2 {
      return "the adapters and their moments alone take "
        + "\(Format.bytes(least.adapter + least.optimizer)); choose a lower peft.r or fewer "
        + "target_modules"
    }
    return setup.isQuantizable && recipe.peft.method != .full && recipe.quantization?.kind == nil
      ? "not one short row fits; quantization_config with load_in_4bit: true takes less, or raise the "
        + "limit" : "not one short row fits; choose a smaller model or raise the limit"
  }
}
