import JSON

/// `distribution`: how a run's work is spread over ranks. It decides memory and speed, never a number.
public struct DistributionRecipe: Sendable, Hashable {
  /// What is spread, as DeepSpeed counts it.
  public enum Stage: Int, Sendable, CaseIterable {
    /// Nothing; the optimizer's moments; sums of gradients, too; trained weights, too.
    case nothing, moments, gradients, weights
  }

  /// What weights are rounded to before anything is computed with them.
  public enum Weights: String, Sendable, CaseIterable { case f32, bf16 }

  /// What is spread over the ranks.
  public var stage = Stage.moments
  /// Where the optimizer's moments lie.
  public var offload = OffloadRecipe()
  /// What weights are computed with, and sent as, where all are trained; AdamW's own stay f32.
  public var weights = Weights.f32
  /// Seconds after which a rank that does not answer ends the run.
  public var timeout = 600.0

  init() {}
}

/// `distribution.offload`: what lies on a disk while a run goes.
public struct OffloadRecipe: Sendable, Hashable {
  /// Where something lies; `cpu`, as DeepSpeed says, is memory, where all is anyway.
  public enum Place: String, Sendable, CaseIterable { case none, cpu, disk }

  /// Where the optimizer's moments lie.
  public var optimizer = Place.none
  /// The folder of the scratch file on each host.
  public var folder: String?

  /// Whether moments lie on a disk.
  public var isOnDisk: Bool { optimizer == .disk }

  init() {}
}

extension OffloadRecipe.Place: RecipeChoice {}
extension DistributionRecipe.Weights: RecipeChoice {}
extension OffloadRecipe: RecipeSection {
  static let keys: [RecipeKey<OffloadRecipe>] = [
    RecipeKey(
      "optimizer", \.optimizer,
      "where AdamW's moments lie: disk keeps them in a scratch file; none and cpu in memory"),
    RecipeKey("folder", \.folder, "the scratch file's folder, on each host, with optimizer: disk"),
  ]
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
      "what is spread over ranks: 0 nothing, 1 the optimizer's moments, 2 sums of gradients, too, 3 "
        + "weights, too, where all are trained; the result is the same"),
    RecipeKey("offload", \.offload, "what lies on a disk while a run goes"),
    RecipeKey(
      "weights", \.weights,
      "with peft.method: full, what weights are rounded to before they are computed with, and sent as; "
        + "the optimizer's own stay f32"),
    RecipeKey(
      "timeout", \.timeout, "seconds after which a rank that does not answer ends the run",
      .positive),
  ]
}
