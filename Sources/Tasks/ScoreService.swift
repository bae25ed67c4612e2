/// Reward models as rewards may open and ask them.
public protocol ScoreService: Sendable {
  /// Opens the reward model in a folder, or that which an adapter makes of the folder's language model;
  /// its number, the same for what is open already.
  func open(model: String, adapter: String?) throws(TaskError) -> Int
  /// What the model of that number scores each answer `completions[i]` to `prompts[i]`.
  func scores(
    of completions: [String], to prompts: [String], _ kind: ModelRequest.PromptKind,
    by number: Int
  ) throws(TaskError) -> [Double]
}
