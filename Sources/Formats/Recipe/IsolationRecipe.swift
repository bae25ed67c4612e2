import JSON

/// The section `plugins`: how datasets and evaluators of plugins run. Rewards say it for themselves.
public struct IsolationRecipe: Sendable, Hashable {
  /// Whether they run in processes of their own; nil: unless they are bundled ones.
  public var isIsolated: Bool?
  /// Seconds for a call, after which the process is stopped.
  public var timeout = 60.0
  /// The memory that each may allocate in its process.
  public var memoryLimit = ByteCount("2GB")!

  init() {}
}

extension IsolationRecipe: RecipeSection {
  static let keys: [RecipeKey<IsolationRecipe>] = [
    RecipeKey(
      "isolate", \.isIsolated,
      "run datasets and evaluators in processes of their own; null: unless they are bundled ones"),
    RecipeKey(
      "timeout", \.timeout, "seconds for a call in its own process, reading the files included",
      .duration),
    RecipeKey("memory_limit", \.memoryLimit, "memory that each may allocate in its own process"),
  ]
}
