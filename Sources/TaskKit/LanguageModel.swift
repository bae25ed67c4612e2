import CPluginABI

/// What a model is asked.
public enum Prompt: Sendable, Hashable {
  /// Text as it stands, without the chat template.
  case text(String)
  /// A conversation, put into the chat template; of text alone, without clips and pictures.
  case messages([Turn])
}

extension Prompt: ExpressibleByStringInterpolation {
  /// Text as it stands.
  public init(stringLiteral value: String) { self = .text(value) }
}

/// How likely a model finds a completion.
public struct LogLikelihood: Sendable, Hashable {
  /// The natural logarithm of its probability after the prompt, summed over its tokens.
  public var sum: Double
  /// The number of its tokens.
  public var tokens: Int

  /// Creates it.
  public init(sum: Double, tokens: Int) {
    self.sum = sum
    self.tokens = tokens
  }
}

/// The run's model, for rewards and evaluators that let a model judge. Call it only on the thread
/// on which the host called the plugin, and before that call returns; ask everything at once.
/// ```swift
/// let verdicts = try model.complete(
///   batch.map { "Is this polite, yes or no? \($0.text)" }, maximumNewTokens: 2, from: .base)
/// ```
public struct LanguageModel: Sendable {
  /// Which weights answer.
  public enum Variant: Int32, Sendable {
    /// As tuned so far.
    case current
    /// Without the adapter.
    case base
  }

  /// How to answer.
  public struct Generation: Sendable, Hashable {
    /// Which weights answer.
    public var variant: Variant
    /// The longest answer, in tokens; greater than 0.
    public var maximumNewTokens: Int
    /// 0: the likeliest token each time.
    public var temperature: Double
    /// Sample from the `topK` likeliest tokens; 0: from all.
    public var topK: Int
    /// Sample from the likeliest tokens that together reach this probability; 1: from all.
    public var topP: Double
    /// The same seed and prompt give the same answer.
    public var seed: UInt64
  }

  private let answer: @Sendable ([Prompt], Generation) throws -> [String]
  private let judge:
    @Sendable ([(prompt: Prompt, completion: String)], Variant) throws ->
      [LogLikelihood]

  /// Stands in for the host's model in a test.
  public init(
    complete: @escaping @Sendable ([Prompt], Generation) throws -> [String],
    logLikelihoods:
      @escaping @Sendable ([(prompt: Prompt, completion: String)], Variant) throws ->
      [LogLikelihood] = { _, _ in throw PluginError(.unsupported, "this model cannot judge") }
  ) {
    answer = complete
    judge = logLikelihoods
  }

  /// The answers to `prompts`, in order, without special tokens. Throws for a prompt that the model
  /// cannot take (`.data`), where there is no base model (`.unsupported`), and on cancellation.
  public func complete(
    _ prompts: [Prompt], maximumNewTokens: Int, temperature: Double = 0, topK: Int = 0,
    topP: Double = 1, seed: UInt64 = 0, from variant: Variant = .current
  ) throws -> [String] {
    try answer(
      prompts,
      Generation(
        variant: variant, maximumNewTokens: maximumNewTokens, temperature: temperature,
        topK: topK, topP: topP, seed: seed))
  }

  /// How likely each completion is after its prompt, in order. Throws as `complete` does.
  public func logLikelihoods(
    of pairs: [(prompt: Prompt, completion: String)], from variant: Variant = .current
  ) throws -> [LogLikelihood] {
    try judge(pairs, variant)
  }
}
