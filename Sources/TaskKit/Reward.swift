/// What the model wrote in answer to a prompt: one sample of a reward's batch.
public struct Completion: Sendable {
  /// What the model was asked, as the model read it.
  public let prompt: String
  /// What it answered.
  public let text: String
  /// The number of the prompt: completions of the same prompt share it. nil: the host gives none.
  public let group: Int?
  /// How many tokens the model wrote, the one that ended the text included; nil: not known, as to a
  /// host before ABI 1.6.
  public let tokens: Int?
  /// Whether the text was cut off at the limit of tokens.
  public let isTruncated: Bool
  /// The row's own answer, where it has one.
  public let reference: String?
  private let metadataText: String

  /// Creates a sample, for a test.
  public init(
    prompt: String = "", text: String, metadata: JSON = [:], group: Int? = nil,
    tokens: Int? = nil, isTruncated: Bool = false, reference: String? = nil
  ) {
    self.init(
      prompt: prompt, text: text, metadataText: metadata.text, group: group, tokens: tokens,
      isTruncated: isTruncated, reference: reference)
  }

  init(
    prompt: String, text: String, metadataText: String, group: Int?, tokens: Int?,
    isTruncated: Bool, reference: String?
  ) {
    self.prompt = prompt
    self.text = text
    self.metadataText = metadataText
    self.group = group
    self.tokens = tokens
    self.isTruncated = isTruncated
    self.reference = reference
  }

  /// The metadata of the prompt's row, an object; parsed when it is read, so read it once. For an
  /// own type: `let labels: Labels = try completion.metadata.decoded()`.
  public var metadata: JSON {
    get throws { metadataText.isEmpty ? [:] : try JSON(parsing: metadataText) }
  }
}

/// What a reward says of one completion. A literal is a score: `return 1`.
public enum Score: Sendable, Hashable {
  /// A finite number, higher is better, and the named parts it is made of, for the user to follow.
  /// A part may be missing from some samples.
  case score(Double, components: [String: Double] = [:])
  /// There is nothing to judge, and why: the completion counts neither as good nor as bad. It may
  /// have components all the same.
  case abstain(reason: String, components: [String: Double] = [:])
}

extension Score: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  /// A score without components.
  public init(floatLiteral value: Double) { self = .score(value) }
  /// A score without components.
  public init(integerLiteral value: Int) { self = .score(Double(value)) }
}

/// Scores completions one by one. Calls may overlap; a score follows from its completion alone.
/// ```swift
/// struct Politeness: Reward {
///   static let name = "politeness"
///   init(config: NoConfig, host: HostServices) {}
///   func score(_ completion: Completion) -> Score { completion.text.contains("please") ? 1 : 0 }
/// }
/// ```
public protocol Reward: BatchReward {
  /// The score of one completion. An error ends the batch; it reaches the user behind the number of
  /// the sample. Where a completion cannot be judged and the run shall go on, abstain.
  func score(_ completion: Completion) throws -> Score
}

extension Reward {
  /// The scores of the completions, in order.
  public func score(_ batch: [Completion]) throws -> [Score] {
    var scores: [Score] = []
    scores.reserveCapacity(batch.count)
    for (index, completion) in batch.enumerated() {
      do {
        scores.append(try score(completion))
      } catch {
        let failure = PluginError(error)
        throw PluginError(failure.kind, "sample \(index): \(failure.message)")
      }
    }
    return scores
  }
}

/// Scores completions together: to compare those of one prompt, or to ask a model once for all.
/// Where each stands for itself, write a `Reward`. Calls may overlap.
public protocol BatchReward: Sendable {
  /// What it reads from the reward's `config` in the recipe. A key that `Config` does not ask for
  /// is an error for the user. Keys may be optional, or have a default in `defaults`.
  associatedtype Config: Decodable & Sendable = NoConfig
  /// The name of the export, unique in the plugin.
  static var name: String { get }
  /// One sentence for `plugins list`; empty by default.
  static var summary: String { get }
  /// Values for keys of `Config` that the user leaves out, none by default.
  static var defaults: JSON { get }
  /// Makes the reward. For values out of range throw `PluginError(.configuration, …)`.
  init(config: Config, host: HostServices) throws
  /// One score for each completion, in order.
  func score(_ batch: [Completion]) throws -> [Score]
}

extension BatchReward {
  /// Empty.
  public static var summary: String { "" }
  /// None.
  public static var defaults: JSON { [:] }
}
