/// A sampled continuation of a prompt.
public struct SampledCompletion: Sendable, Hashable {
  /// All generated tokens; where a stop token ended it, that is the last.
  public var ids: [Int32]
  /// Whether the limit or the model's context ended it, not a stop token.
  public var isTruncated: Bool
  /// The natural logarithm of each token's probability as the decoder computed it: at the sampler's
  /// temperature (1 where that is 0), over the whole vocabulary, before top-k, top-p, min-p and the
  /// repetition penalty.
  public var logProbabilities: [Float]

  /// Creates a completion; both arrays have one entry per token.
  public init(ids: [Int32], isTruncated: Bool, logProbabilities: [Float]) {
    precondition(
      ids.count == logProbabilities.count,
      "completion: \(ids.count) ids, \(logProbabilities.count) log-probabilities")
    self.ids = ids
    self.isTruncated = isTruncated
    self.logProbabilities = logProbabilities
  }
}
