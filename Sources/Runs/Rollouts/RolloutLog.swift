import Formats
import JSON
import Tasks
import Training

/// The lines of `rewards.jsonl` that sampled completions have: enough to learn from them again without
/// sampling (`objective.rollouts`).
final class RolloutLog {
  private let log: RewardLog

  /// Lines in the log of the run's rewards.
  init(_ log: RewardLog) { self.log = log }

  /// Appends a group, with what each completion came to.
  func append(
    _ group: SampledGroup, _ scored: [ScoredCompletion], rewards: [Double?],
    advantages: [Double], step: Int
  ) throws {
    let rows = zip(zip(group.completions, scored), zip(rewards, advantages)).map {
      (pair, worth) -> JSONValue in
      let (completion, scored) = pair
      var row: JSONValue = [
        "step": .int(step), "row": .int(group.row), "prompt": .string(scored.completion.prompt),
        "completion": .string(scored.completion.text),
        "prompt_ids": .array(group.prompt.ids.map { .int(Int($0)) }),
        "completion_ids": .array(completion.ids.map { .int(Int($0)) }),
        "truncated": .bool(completion.isTruncated), "rewards": scored.scores,
        "reward": worth.0.map(JSONValue.double) ?? .null, "advantage": .double(worth.1),
      ]
      for (name, value) in scored.remarks { row = row.setting(name, value) }
      return row
    }
    try log.append(rows, at: .sampling(step))
  }

  /// Appends a batch on which a reward failed, which ends the run.
  func append(_ failed: [ScoredCompletion], step: Int) throws {
    try log.append(failed, at: .sampling(step))
  }
}

extension ScoredCompletion {
  /// What each reward gave; null where it abstained.
  fileprivate var scores: JSONValue {
    .object(
      .init(uniqueKeysWithValues: outcomes.map { ($0, $1.score.map(JSONValue.double) ?? .null) }))
  }

  /// Parts of scores, and why there is none.
  fileprivate var remarks: [(String, JSONValue)] {
    var parts: JSONValue = .emptyObject, reasons: JSONValue = .emptyObject
    for (name, outcome) in outcomes {
      if !outcome.components.isEmpty {
        let members = outcome.components.map { ($0.name, JSONValue.double($0.value)) }
        parts = parts.setting(name, .object(.init(uniqueKeysWithValues: members)))
      }
      if case .abstain(let reason, _) = outcome, errors[name] == nil {
        reasons = reasons.setting(name, .string(reason))
      }
    }
    let faults = errors.map { ($0, JSONValue.string($1)) }
    return [
      ("components", parts), ("abstained", reasons),
      ("errors", .object(.init(uniqueKeysWithValues: faults))),
    ].filter { !($0.1.object ?? [:]).isEmpty }
  }
}
