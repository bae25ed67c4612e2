import JSON
import OrderedCollections

/// The rewards of a run, each with its weight, and what happens when one fails.
public struct RewardPanel: Sendable {
  /// A reward of the panel.
  public struct Member: Sendable {
    /// Its name in metrics and files; unique in the panel.
    public let name: String
    /// What its score counts in the total. A metric is a reward of weight 0.
    public let weight: Double
    /// The file of its plugin; nil where there is none.
    public let path: String?
    let reward: any Reward

    /// Creates a member.
    public init(name: String, weight: Double, path: String? = nil, reward: any Reward) {
      self.name = name
      self.weight = weight
      self.path = path
      self.reward = reward
    }
  }

  /// A batch that a reward failed on.
  public struct Failure: Error, Sendable {
    /// The reward's error.
    public let error: TaskError
    /// The batch as far as it was scored: what `rewards.jsonl` keeps of it.
    public let batch: [ScoredCompletion]
  }

  /// The rewards, in the recipe's order.
  public let members: [Member]
  /// Whether the run goes on without the scores of a reward that fails on a batch: throws, crashes,
  /// takes too long. Otherwise it ends with the reward's error.
  public let toleratesFailure: Bool
  private let isCancelled: @Sendable () -> Bool

  /// Creates a panel. `isCancelled` says whether the user has asked to stop: a reward that gives up
  /// for that reason ends the run in any case.
  public init(
    _ members: [Member], toleratesFailure: Bool,
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.members = members
    self.toleratesFailure = toleratesFailure
    self.isCancelled = isCancelled
  }

  /// Lets every reward score `completions` as one batch.
  public func score(_ completions: [Completion]) throws(Failure) -> [ScoredCompletion] {
    var scored = completions.map { ScoredCompletion(completion: $0) }
    guard !completions.isEmpty else { return [] }
    for member in members {
      do throws(TaskError) {
        let outcomes = try member.reward.score(completions)
        precondition(
          outcomes.count == completions.count,
          "\(member.name): \(outcomes.count) outcomes for \(completions.count) completions")
        for index in scored.indices {
          scored[index].add(outcomes[index], of: member)
        }
      } catch {
        for index in scored.indices { scored[index].fail(error.message, of: member) }
        guard toleratesFailure, !isCancelled() else {
          throw Failure(error: error, batch: scored)
        }
      }
    }
    return scored
  }
}

/// A completion with what each reward said of it.
public struct ScoredCompletion: Sendable, Hashable {
  /// What was scored.
  public let completion: Completion
  /// What each reward said, in the panel's order.
  public private(set) var outcomes: OrderedDictionary<String, RewardOutcome> = [:]
  /// Why a reward failed on the batch; these stand in `outcomes` as abstentions.
  public private(set) var errors: OrderedDictionary<String, String> = [:]
  /// Σ weight · score over the rewards that gave a score; nil when none did.
  public private(set) var total: Double?

  init(completion: Completion) { self.completion = completion }

  /// What has been said of a completion elsewhere.
  public init(
    completion: Completion, outcomes: [(String, RewardOutcome)], errors: [(String, String)],
    total: Double?
  ) {
    self.completion = completion
    self.outcomes = OrderedDictionary(uniqueKeysWithValues: outcomes)
    self.errors = OrderedDictionary(uniqueKeysWithValues: errors)
    self.total = total
  }

  mutating func add(_ outcome: RewardOutcome, of member: RewardPanel.Member) {
    outcomes[member.name] = outcome
    if let score = outcome.score { total = (total ?? 0) + member.weight * score }
  }

  mutating func fail(_ message: String, of member: RewardPanel.Member) {
    outcomes[member.name] = .abstain(reason: message)
    errors[member.name] = message
  }

  /// A line of `rewards.jsonl`.
  public var json: JSONValue {
    let rewards = outcomes.map { name, outcome -> (String, JSONValue) in
      if let error = errors[name] { return (name, ["error": .string(error)]) }
      var entry: JSONValue =
        switch outcome {
        case .score(let score, _): ["score": .double(score)]
        case .abstain(let reason, _): ["abstained": .string(reason)]
        }
      if !outcome.components.isEmpty {
        let parts = outcome.components.map { ($0.name, JSONValue.double($0.value)) }
        entry = entry.setting("components", .object(.init(uniqueKeysWithValues: parts)))
      }
      return (name, entry)
    }
    var row: JSONValue = [
      "group": .int(completion.group), "prompt": .string(completion.prompt),
      "completion": .string(completion.text), "metadata": completion.metadata,
    ]
    for (name, value) in completion.facts { row = row.setting(name, value) }
    return row.setting("reward", total.map(JSONValue.double) ?? .null)
      .setting("rewards", .object(.init(uniqueKeysWithValues: rewards)))
  }
}

extension Completion {
  /// What is known beside the texts, as a row of completions has it.
  fileprivate var facts: [(String, JSONValue)] {
    var facts: [(String, JSONValue)] = []
    if let tokens { facts.append(("tokens", .int(tokens))) }
    if isTruncated { facts.append(("truncated", true)) }
    if let reference { facts.append(("reference", .string(reference))) }
    return facts
  }
}
