import JSON

/// `distribution`: how a run's work is spread over ranks. It decides memory and speed, never a number.
public struct DistributionRecipe: Sendable, Hashable {
  /// What is spread, as DeepSpeed counts it.
  public enum Stage: Int, Sendable, CaseIterable {
    /// Nothing; the optimizer's moments; sums of gradients, too.
    case nothing, moments, gradients
  }

  /// What is spread over the ranks.
  public var stage = Stage.moments

  init() {}
}

extension DistributionRecipe.Stage: RecipeScalar {
  static var expectation: String {
    "one of " + allCases.map { String($0.rawValue) }.joined(separator: ", ")
  }

  init?(_ node: RecipeNode) {
    guard let stage = node.int.flatMap(Self.init(rawValue:)) else { return nil }
    self = stage
  }

  var json: JSONValue { .int(rawValue) }
}

extension DistributionRecipe: RecipeSection {
  static let keys: [RecipeKey<DistributionRecipe>] = [
    RecipeKey(
      "stage", \.stage,
      "what is spread over ranks: 0 nothing, 1 the optimizer's moments, 2 sums of gradients, too; the "
        + "result is the same")
  ]

  /// Where the keys of other programs' configurations have their place here.
  static let foreignKeys = [
    "zero_optimization": "distribution.stage", "zero_stage": "distribution.stage",
    "deepspeed": "distribution.stage", "fsdp": "distribution.stage",
    "train_batch_size": "training_args.gradient_accumulation_steps",
    "train_micro_batch_size_per_gpu": "training_args.per_device_train_batch_size",
    "gradient_clipping": "training_args.max_grad_norm",
  ]
}
