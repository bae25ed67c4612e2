import JSON

/// `checkpoint`: how several ranks write one. It decides no number.
public struct CheckpointRecipe: Sendable, Hashable {
  /// Whether each rank writes what it owns of the optimizer's moments.
  public var isSharded = false

  init() {}
}

extension CheckpointRecipe: RecipeSection {
  static let keys: [RecipeKey<CheckpointRecipe>] = [
    RecipeKey(
      "sharded", \.isSharded,
      "each rank writes its own part of the optimizer's moments, into an output_dir on a file system that "
        + "all ranks share; else rank 0 writes all of them")
  ]
}
