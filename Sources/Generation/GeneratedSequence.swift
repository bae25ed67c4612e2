public import Tasks

/// What a model is to continue.
public struct Prompt: Sendable, Hashable {
  /// Token ids, the template's generation prompt included.
  public var ids: [Int32]
  /// Clips in the text.
  public var media: [Sample.Medium]
  /// Names the sequence among all that are drawn with one seed, for instance its row. Two prompts
  /// with the same ids and label get the same answer, whatever they are batched with.
  public var label: String

  /// Creates a prompt.
  public init(ids: [Int32], media: [Sample.Medium] = [], label: String = "") {
    self.ids = ids
    self.media = media
    self.label = label
  }
}

/// Why a sequence ended.
public enum FinishReason: String, Sendable {
  /// A stop token was generated, or the observer asked for the end.
  case stop
  /// The limit of new tokens or the model's context was reached.
  case length
}

/// A continuation of a prompt.
public struct GeneratedSequence: Sendable, Hashable {
  /// The generated tokens without the stop token.
  public var ids: [Int32] = []
  /// The stop token that ended it; nil when none did.
  public var stopToken: Int32?
  /// Why it ended.
  public var finishReason = FinishReason.length

  /// The number of tokens that the model wrote, the one that ended the sequence included.
  public var tokenCount: Int { ids.count + (stopToken == nil ? 0 : 1) }
}

/// What generation cost. Sums of several batches by `+=`.
public struct GenerationStatistics: Sendable, Hashable {
  /// Tokens read; tokens generated, stop tokens included.
  public var promptTokens = 0, generatedTokens = 0
  /// Seconds until each batch's first tokens, and for the rest.
  public var prefillSeconds = 0.0, decodeSeconds = 0.0

  /// Nothing yet.
  public init() {}

  /// Adds another batch's.
  public static func += (left: inout Self, right: Self) {
    left.promptTokens += right.promptTokens
    left.generatedTokens += right.generatedTokens
    left.prefillSeconds += right.prefillSeconds
    left.decodeSeconds += right.decodeSeconds
  }

  /// Generated tokens per second of all the time; 0 before anything was generated.
  public var tokensPerSecond: Double {
    let seconds = prefillSeconds + decodeSeconds
    return seconds > 0 ? Double(generatedTokens) / seconds : 0
  }
}
