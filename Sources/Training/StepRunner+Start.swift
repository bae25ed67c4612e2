import Objectives
import Tensors

extension StepRunner {
  /// Refuses to begin where the model and its reference do not agree on `rows` to the last bit: the
  /// loss would not start where it must, and the run would be pulled towards another model.
  func checkStart(_ rows: [TrainingRow]) throws(TrainingError) {
    guard let reference, reference.isStart else { return }
    let texts = scored(rows)
    let policy = pass(nil).run {
      Recording.off { model.logProbabilities(texts, sharing: true).values }
    }
    let kept = reference.logProbabilities(of: rows, texts)
    guard let place = zip(policy, kept).enumerated().first(where: { !agree($1.0, $1.1) })?.offset
    else { return }
    let text = texts.places[texts.entries[place]].text
    let now = reference.logProbabilities(texts)
    let fault =
      agree(now[place], policy[place])
      ? "the log-probabilities kept for the reference are not those of \(reference.description); "
        + "remove them with the row cache, or give --no-cache"
      : "the reference is \(reference.description), but that is not the model that is trained; start "
        + "both from the same weights"
    throw TrainingError(
      .refused,
      "the run starts with a model that its reference does not agree with: on "
        + "\(texts.samples[text].source) a token has log-probability \(policy[place]) under the model "
        + "and \(kept[place]) under the reference, so that the loss would not begin at "
        + "\(startingLoss(texts.batch)): " + fault)
  }

  /// Refuses the gradient of a step that is no number, or in the first step nothing;
  /// a silent step has none to give.
  func checkGradient(
    _ norm: Double, ofStep number: Int, _ result: StepResult
  ) throws(TrainingError) {
    guard !norm.isFinite || norm == 0 && number == 1 && !result.isSilent else { return }
    let names = result.sources.joined(separator: ", ")
    guard norm.isFinite else {
      throw TrainingError(
        .diverged,
        "the gradient of step \(number) is not finite (rows: \(names)); lower the learning rate")
    }
    throw TrainingError(
      .refused,
      "the gradient of step 1 is 0, so that nothing would be learnt (rows: \(names)); look at "
        + "these rows and at the weights of the objective")
  }

  /// Products of OpenBLAS may differ in the last bits from one batch to the next.
  private func agree(_ a: Float, _ b: Float) -> Bool {
    GemmEngine.chosen == .packed ? a == b : abs(a - b) <= 1e-3 * max(1, abs(a))
  }

  /// The loss where model and reference agree.
  private func startingLoss(_ batch: Batch) -> Double {
    let same = batch.weights.map { _ in Float(0) }
    return terms.filter(\.objective.usesReference).reduce(0) { sum, term in
      sum + term.weight * term.objective(same, same, batch).value
        / max(term.objective.weight(of: batch), 1)
    }
  }
}
