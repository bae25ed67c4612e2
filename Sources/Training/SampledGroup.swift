public import Objectives
public import Tasks

/// A prompt and the completions that were sampled of it.
public struct SampledGroup: Sendable {
  /// A completion.
  public struct Completion: Sendable {
    /// Its tokens, the one that ended it included.
    public var ids: [Int32]
    /// Whether the greatest length ended it.
    public var isTruncated: Bool
    /// The log-probability of each token as the decoder found it; nil where nobody decoded.
    public var decoded: [Float]?
    /// What each reward says of it, in the run's order; nil where one abstains.
    public var scores: [Double?]

    /// Describes a completion.
    public init(
      ids: [Int32], isTruncated: Bool, decoded: [Float]? = nil, scores: [Double?] = []
    ) {
      self.ids = ids
      self.isTruncated = isTruncated
      self.decoded = decoded
      self.scores = scores
    }
  }

  /// The prompt's row among the usable ones, and the epoch whose wording it has; its tokens and clips.
  public var row: Int, epoch: Int, prompt: Sample
  /// The completions.
  public var completions: [Completion]

  /// Describes a group.
  public init(row: Int, epoch: Int = 0, prompt: Sample, completions: [Completion]) {
    self.row = row
    self.epoch = epoch
    self.prompt = prompt
    self.completions = completions
  }

  /// A completion behind its prompt, to be learnt; one that is `masked` has nothing to teach.
  func text(of completion: Completion, isMasked: Bool) -> Sample {
    let trained = repeatElement(!isMasked, count: completion.ids.count)
    return Sample(
      ids: prompt.ids + completion.ids,
      isTrained: prompt.ids.map { _ in false } + trained, source: prompt.source,
      media: prompt.media)
  }
}

/// The groups of one sampling.
public struct SampledGroups {
  /// The groups.
  public var groups: [SampledGroup]
  /// What is told of them beside what they tell themselves.
  public var metrics: [Metric]
  /// Seconds that they took, by kind of work.
  public var parts: [(name: String, seconds: Double)]

  /// Describes a sampling.
  public init(
    _ groups: [SampledGroup], metrics: [Metric] = [],
    parts: [(name: String, seconds: Double)] = []
  ) {
    self.groups = groups
    self.metrics = metrics
    self.parts = parts
  }
}

/// Where sampled groups come from: a model, or a file.
public protocol GroupSource {
  /// The rewards' names, in the order of scores.
  var rewards: [String] { get }
  /// The `number`-th sampling, from 0.
  func sampling(_ number: Int) throws -> SampledGroups
  /// The prompt of row `row` as epoch `epoch` has it.
  func prompt(_ row: Int, epoch: Int) throws -> Sample
  /// The share of an epoch that one sampling takes.
  var epochsPerSampling: Double { get }
  /// Keeps what has been made of the groups: the reward and the advantage of each completion. What it
  /// gives is shown to the user.
  func record(_ groups: [SampledGroup], rewards: [[Double?]], advantages: [[Double]], step: Int)
    throws -> [String]
}
