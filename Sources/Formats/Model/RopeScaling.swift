extension ModelConfig {
  /// How rotary frequencies are changed for longer contexts, under transformers' names.
  public enum RopeScaling: Sendable, Hashable {
    case none
    /// All waves are slowed down by `factor`.
    case linear(factor: Double)
    /// The first `share` of a head's pairs turn, slowed down by `factor`; the rest stand still.
    case proportional(factor: Double, share: Double)
    /// The base grows with a text that is longer than the model was made for.
    case dynamic(factor: Double)
    /// Llama 3.1's rule.
    case llama3(factor: Double, lowFrequency: Double, highFrequency: Double, originalLength: Int)
    case yarn(YaRN)
    case longRope(LongRoPE)

    /// transformers' name of the rule, `rope_type`.
    public var kind: String {
      switch self {
      case .none: "default"
      case .linear: "linear"
      case .proportional: "proportional"
      case .dynamic: "dynamic"
      case .llama3: "llama3"
      case .yarn: "yarn"
      case .longRope: "longrope"
      }
    }
  }

  /// YaRN (Peng et al. 2023): short waves stay, long ones are slowed down, those between blended.
  public struct YaRN: Sendable, Hashable {
    /// By how much long waves are slowed down; the length that the model was made for first.
    public var factor: Double, originalLength: Int
    /// What cos and sin are multiplied by; nil for what the paper derives from the factor.
    public var attentionFactor: Double?
    /// Turns over the original length from which on waves stay; up to which they are slowed down.
    public var betaFast: Double, betaSlow: Double
    /// DeepSeek's weights of the logarithm in the attention factor; used where both are there.
    public var mscale: Double?, mscaleAllDim: Double?
    /// Whether the borders between waves are rounded to whole pairs.
    public var truncates: Bool
  }

  /// LongRoPE (Ding et al. 2024): a divisor for each pair, one list for short texts, one for long ones.
  public struct LongRoPE: Sendable, Hashable {
    /// A divisor for each pair of a head's numbers.
    public var shortFactors: [Double], longFactors: [Double]
    /// Texts longer than this are long.
    public var originalLength: Int
    /// How much longer the texts may be; from the model's positions where it is not given.
    public var factor: Double
    /// What cos and sin are multiplied by; nil for what follows from the factor.
    public var attentionFactor: Double?
  }

  /// The longest text that the model can read. Where scaling stretches `max_position_embeddings`, or
  /// the length before it, that is more than the file's number.
  public var contextLength: Int {
    switch ropeScaling {
    case .none, .llama3, .proportional: maximumPositions
    case .linear(let factor), .dynamic(let factor):
      max(maximumPositions, Int(Double(maximumPositions) * factor))
    case .yarn(let yarn):
      max(maximumPositions, Int(Double(yarn.originalLength) * yarn.factor))
    case .longRope(let rule):
      max(maximumPositions, Int(Double(rule.originalLength) * rule.factor))
    }
  }
}
