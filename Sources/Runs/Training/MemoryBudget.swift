import Formats
import Models
import Rows
import Tensors
import Training

/// What a run may use, and the plan that keeps to it.
public struct MemoryBudget {
  private let session: TaskSession
  private let train: EncodedDataset
  private let shapes: ModelShapes
  private let judges: Bool
  private let program: Int
  /// Bytes the whole process may use.
  public let limit: Int
  private var recipe: Recipe { session.recipe }

  /// The budget of a run of `model`, as it is stored, over `train`: `training_args.memory_limit`, else
  /// what is free.
  public init(
    _ session: TaskSession, _ train: EncodedDataset, _ model: CausalLanguageModel, judges: Bool
  ) throws(FormatError) {
    self.session = session
    self.judges = judges
    self.train = train
    shapes = ModelShapes(
      model, quantization: session.recipe.quantization?.kind, adapters: try session.adapterConfig())
    program = Machine.currentMemory
    limit =
      session.recipe.training.memoryLimit?.bytes ?? (program + Machine().availableMemory)
  }

  /// The plan to run by. Blocks are computed twice where the recipe asks for it, or where it leaves
  /// the choice and memory would not suffice otherwise.
  public func plan() throws -> MemoryPlan {
    let choice = recipe.training.usesCheckpointing, rows = recipe.training.trainBatchSize
    let plain = plan(rows: rows, usesCheckpointing: choice ?? false)
    if plain.total <= limit { return plain }
    let least = plan(rows: rows, usesCheckpointing: true)
    if choice == nil, least.total <= limit { return least }
    throw refusal(plain, least)
  }

  private func plan(rows: Int, longest: Int? = nil, usesCheckpointing: Bool) -> MemoryPlan {
    let lengths = train.longestRows(rows).map { min($0, longest ?? $0) }
    let tokens = lengths.reduce(0, +), text = train.longestTexts(1).first ?? 0
    return MemoryPlan(
      shapes,
      batch: .init(
        tokens: tokens, longest: min(text, longest ?? text), trained: tokens,
        sound: train.sound(ofRows: rows)),
      answered: answered, usesCheckpointing: usesCheckpointing, program: program)
  }

  /// How long the rows may become that an evaluation answers at once.
  private var answered: [Int] {
    guard judges else { return [] }
    return train.longestTexts(recipe.training.evaluationBatchSize).map {
      $0 + recipe.generation.maximumNewTokens
    }
  }

  private func refusal(_ plan: MemoryPlan, _ least: MemoryPlan) -> FormatError {
    let isOurs = recipe.training.memoryLimit != nil
    let bound =
      isOurs
      ? "is \(Format.bytes(limit))"
      : "is not set and \(Format.bytes(limit - program)) are free"
    let need =
      plan.usesCheckpointing
      ? "\(Format.bytes(plan.total)) with gradient_checkpointing"
      : "\(Format.bytes(plan.total)), or \(Format.bytes(least.total)) with gradient_checkpointing"
    return recipe.fault(
      "training_args.memory_limit", "\(bound), but the run needs \(need); \(remedy)")
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
    return shapes.isQuantizable && recipe.peft.method != .full && recipe.quantization?.kind == nil
      ? "not one short row fits; quantization_config with load_in_4bit: true takes less, or raise the "
        + "limit" : "not one short row fits; choose a smaller model or raise the limit"
  }
}
