import Objectives
import Tasks
import Tensors

extension StepRunner {
  /// Whether a term measures from how far the model has drifted.
  var measuresDrift: Bool {
    terms.contains { ($0.objective as? KTO)?.measuresDrift == true }
  }

  /// The terms with what they must know beforehand of all the rows that a step takes, or an evaluation.
  /// Each rank computes its `own` micro-batches.
  func prepared(_ step: StepRows, own: [Int]) throws -> [Term] {
    let drift = try drift(step, own)
    return try terms.map { term in
      if var objective = term.objective as? KTO, let drift {
        objective.drift = drift
        return Term(objective, weight: term.weight)
      }
      if var objective = term.objective as? GRPO, objective.entropyQuantile < 1, step.count > 0 {
        objective.leastEntropy = try leastEntropy(step, own, objective.entropyQuantile)
        return Term(objective, weight: term.weight)
      }
      return term
    }
  }

  /// KTO measures rewards from how much likelier answers to other prompts have become: each prompt with
  /// the answer of the row before it. A row that is alone says nothing of the drift, which is then 0.
  private func drift(_ step: StepRows, _ own: [Int]) throws -> Double? {
    guard let reference, measuresDrift else { return nil }
    // Rows look at those of the micro-batch before: all are here.
    let samples = step.batches.joined().flatMap(\.texts)
    guard samples.count > 1 else { return nil }
    var sums: [(number: Int, value: Double)] = [], before = samples.last
    try model.together {
      for (number, batch) in zip(step.numbers, step.batches) {
        let mismatched = batch.flatMap(\.texts).compactMap { sample in
          defer { before = sample }
          return before.map { sample.answered(as: $0) }
        }
        guard own.contains(number) else { continue }
        let texts = ScoredTexts(mismatched.map { [$0] })
        let policy = pass(nil).run {
          Recording.off { model.logProbabilities(texts, sharing: true).values }
        }
        let base = reference.logProbabilities(texts)
        sums.append((number, zip(policy, base).reduce(0) { $0 + Double($1.0) - Double($1.1) }))
      }
    }
    let sum = try share.group.inOrder("the drift", of: step.count, sums).reduce(0, +)
    return max(0, sum / Double(samples.count))
  }

  /// The entropy that a share of all sampled tokens reach, as numpy's linear quantile has it.
  private func leastEntropy(
    _ step: StepRows, _ own: [Int], _ quantile: Double
  ) throws -> Double? {
    var parts: [(number: Int, value: [Double])] = []
    try model.together {
      for (number, batch) in zip(step.numbers, step.batches) where own.contains(number) {
        let texts = scored(batch)
        // As the step computes them, to the last bit: the least one is itself learnt.
        let entropies = pass(nil).run {
          model.logProbabilities(texts, sharing: sharesPrefixes).entropies
        }
        guard let entropies else {
          throw TrainingError(
            .refused,
            "objective.top_entropy_quantile needs a frozen output matrix, which knows the entropies; "
              + "train adapters, or leave it out")
        }
        parts.append((number, texts.batch.texts.flatMap { entropies[$0.answer] }))
      }
    }
    var all = Array(try share.group.inOrder("entropies", of: step.count, parts).joined())
    guard !all.isEmpty else { return nil }
    all.sort()
    let place = (1 - quantile) * Double(all.count - 1), lower = Int(place)
    let upper = min(lower + 1, all.count - 1)
    return all[lower] + (place - Double(lower)) * (all[upper] - all[lower])
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
