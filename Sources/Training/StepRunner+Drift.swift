import Objectives
import Tasks
import Tensors

extension StepRunner {
  /// Whether a term measures from how far the model has drifted.
  var measuresDrift: Bool {
    terms.contains { ($0.objective as? KTO)?.measuresDrift == true }
  }

  /// The terms with what they must know beforehand of all the rows that a step takes, or an evaluation.
  /// KTO measures rewards from how much likelier answers to other prompts have become: each prompt with
  /// the answer of the row before it. A row that is alone says nothing of the drift, which is then 0.
  func prepared(_ rows: [[TrainingRow]]) throws(TrainingError) -> [Term] {
    guard let reference, measuresDrift else { return terms }
    let samples = rows.joined().flatMap(\.texts)
    guard samples.count > 1 else { return terms }
    var sum = 0.0, before = samples.last
    for batch in rows {
      let mismatched = batch.flatMap(\.texts).compactMap { sample in
        defer { before = sample }
        return before.map { sample.answered(as: $0) }
      }
      let texts = ScoredTexts(mismatched.map { [$0] })
      let policy = pass(nil).run {
        Recording.off { model.logProbabilities(texts, sharing: true).values }
      }
      let base = reference.logProbabilities(texts)
      sum += zip(policy, base).reduce(0) { $0 + Double($1.0) - Double($1.1) }
    }
    let drift = max(0, sum / Double(samples.count))
    return terms.map { term in
      guard var objective = term.objective as? KTO else { return term }
      objective.drift = drift
      return Term(objective, weight: term.weight)
    }
  }
}

extension Sample {
  /// This text up to its answer, with the answer of `other`.
  func answered(as other: Sample) -> Sample {
    let own = isTrained.firstIndex(of: true) ?? ids.count
    let start = other.isTrained.firstIndex(of: true) ?? other.ids.count
    return Sample(
      ids: Array(ids[..<own]) + other.ids[start...],
      isTrained: Array(isTrained[..<own]) + other.isTrained[start...], source: source,
      media: media.filter { $0.places.upperBound <= own }, role: role)
  }
}
