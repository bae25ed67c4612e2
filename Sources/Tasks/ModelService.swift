/// The run's model as rewards and evaluators may ask it: for answers, or for how likely texts are.
public protocol ModelService: Sendable {
  /// Answers each prompt.
  func complete(_ prompts: [String], _ request: ModelRequest) throws(TaskError) -> [String]
  /// How likely `completions[i]` is after `prompts[i]`: Σ ln p over its tokens, and their number.
  func logLikelihoods(
    prompts: [String], completions: [String], _ request: ModelRequest
  ) throws(TaskError) -> [(sum: Double, tokens: Int)]
}

/// Whom a plugin asks, and how to answer.
public struct ModelRequest: Sendable, Hashable {
  /// Which weights answer.
  public enum Weights: Int32, Sendable { case current, base }
  /// What a prompt is: literal text, or a JSON array of messages for the chat template.
  public enum PromptKind: Int32, Sendable { case text, messages }

  /// The model as tuned so far, or without its adapter.
  public var weights = Weights.current
  /// What the prompts are.
  public var promptKind = PromptKind.text
  /// The longest answer in tokens.
  public var maximumNewTokens = 0
  /// Sampling: 0 takes the likeliest token; the k likeliest (0: all); those that reach p together.
  public var temperature = 0.0, topK = 0, topP = 1.0
  /// Decides what is sampled.
  public var seed: UInt64 = 0

  /// A greedy request to the current model.
  public init() {}
}
