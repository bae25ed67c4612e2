import Generation
import JSON
import Ranks
import Tasks

// What ranks tell one another of answers.

/// A sampled completion and what rewards said of it, on their way to other ranks.
struct SampledAndScored: Parcel {
  let sampled: SampledCompletion, scored: ScoredCompletion

  init(_ sampled: SampledCompletion, _ scored: ScoredCompletion) {
    (self.sampled, self.scored) = (sampled, scored)
  }

  func pack(into bytes: inout ParcelWriter) {
    bytes.add(sampled.ids)
    bytes.add(sampled.isTruncated)
    bytes.add(sampled.logProbabilities)
    bytes.add(PackedScore(scored))
  }

  init(from bytes: inout ParcelReader) {
    let ids = bytes.take([Int32].self), isTruncated = bytes.take(Bool.self)
    sampled = SampledCompletion(
      ids: ids, isTruncated: isTruncated, logProbabilities: bytes.take())
    scored = bytes.take(PackedScore.self).scored
  }
}

/// A completion with what rewards said of it, on its way to other ranks.
struct PackedScore: Parcel {
  let scored: ScoredCompletion

  init(_ scored: ScoredCompletion) { self.scored = scored }

  func pack(into bytes: inout ParcelWriter) {
    let completion = scored.completion
    bytes.add(completion.prompt)
    bytes.add(completion.text)
    bytes.add(completion.metadata.text(.compact))
    bytes.add(completion.group)
    bytes.add(completion.tokens)
    bytes.add(completion.isTruncated)
    bytes.add(completion.reference)
    bytes.add(Array(scored.outcomes.keys))
    for outcome in scored.outcomes.values { pack(outcome, into: &bytes) }
    bytes.add(Array(scored.errors.keys))
    bytes.add(Array(scored.errors.values))
    bytes.add(scored.total)
  }

  private func pack(_ outcome: RewardOutcome, into bytes: inout ParcelWriter) {
    bytes.add(outcome.score)
    if case .abstain(let reason, _) = outcome { bytes.add(reason) } else { bytes.add("") }
    bytes.add(outcome.components.map(\.name))
    bytes.add(outcome.components.map(\.value))
  }

  init(from bytes: inout ParcelReader) {
    var completion = Completion(prompt: bytes.take(), text: bytes.take())
    let metadata = bytes.take(String.self)
    completion.metadata = (try? JSONValue(parsing: Array(metadata.utf8))) ?? .emptyObject
    completion.group = bytes.take()
    completion.tokens = bytes.take()
    completion.isTruncated = bytes.take()
    completion.reference = bytes.take()
    let names = bytes.take([String].self)
    let outcomes = names.map { ($0, Self.outcome(from: &bytes)) }
    let failed = bytes.take([String].self), reasons = bytes.take([String].self)
    scored = ScoredCompletion(
      completion: completion, outcomes: outcomes, errors: Array(zip(failed, reasons)),
      total: bytes.take())
  }

  private static func outcome(from bytes: inout ParcelReader) -> RewardOutcome {
    let score = bytes.take(Double?.self), reason = bytes.take(String.self)
    let names = bytes.take([String].self), values = bytes.take([Double].self)
    let components = zip(names, values).map { RewardComponent(name: $0, value: $1) }
    return score.map { .score($0, components: components) }
      ?? .abstain(reason: reason, components: components)
  }
}
