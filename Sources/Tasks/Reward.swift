import JSON

/// Scores completions.
public protocol Reward: Sendable {
  /// One outcome for each completion, in order.
  func score(_ completions: [Completion]) throws(TaskError) -> [RewardOutcome]
}

/// A completion to score.
public struct Completion: Sendable, Hashable {
  /// The prompt as the model saw it; what the model wrote after it, without special tokens.
  public var prompt: String, text: String
  /// The row's metadata; an object.
  public var metadata: JSONValue
  /// Completions of one prompt share a group.
  public var group: Int
  /// How many tokens the model wrote, the one that ended the text included; nil: not known.
  public var tokens: Int?
  /// Whether the text was cut off at the limit of tokens.
  public var isTruncated: Bool
  /// The row's own answer, where it has one.
  public var reference: String?

  /// Creates a completion.
  public init(
    prompt: String, text: String, metadata: JSONValue = .emptyObject, group: Int = 0,
    tokens: Int? = nil, isTruncated: Bool = false, reference: String? = nil
  ) {
    self.prompt = prompt
    self.text = text
    self.metadata = metadata
    self.group = group
    self.tokens = tokens
    self.isTruncated = isTruncated
    self.reference = reference
  }
}

/// What a reward says of one completion.
public enum RewardOutcome: Sendable, Hashable {
  /// A finite number, and the named parts that it is made of.
  case score(Double, components: [RewardComponent] = [])
  /// There is no score, and why: the completion counts for nothing, rather than for 0. Parts may be
  /// known all the same.
  case abstain(reason: String, components: [RewardComponent] = [])

  /// The score; nil for an abstention.
  public var score: Double? { if case .score(let score, _) = self { score } else { nil } }

  /// The named parts, in the reward's order.
  public var components: [RewardComponent] {
    switch self {
    case .score(_, let components), .abstain(_, let components): components
    }
  }
}

/// A named part of a score.
public struct RewardComponent: Sendable, Hashable {
  /// Its name, its value.
  public var name: String, value: Double

  /// Creates a part.
  public init(name: String, value: Double) {
    self.name = name
    self.value = value
  }
}
