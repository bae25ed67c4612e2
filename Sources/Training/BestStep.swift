import Tracking

/// Which step was the best so far, and whether the run still gains anything.
struct BestStep {
  let options: TrainingOptions

  /// The metric that chooses the best step, as the log names it.
  var watched: String {
    options.bestMetric.hasPrefix("eval_") ? options.bestMetric : "eval_" + options.bestMetric
  }

  /// The watched value among an evaluation's; nil where it is undefined.
  func value(among values: [(name: String, value: Double)]) throws(TrainingError) -> Double? {
    let value = values.first(where: { $0.name == watched })?.value
    guard value != nil || options.isMetricKnown else {
      throw TrainingError(
        .refused,
        "metric_for_best_model is '\(options.bestMetric)', but the evaluation gives "
          + values.map(\.name).joined(separator: ", "))
    }
    return value
  }

  /// Counts an evaluation for early stopping, and says whether it is the best one. A gain too small
  /// to count makes a step the best all the same, as in transformers; what is not a number is none.
  func note(_ value: Double, in state: inout TrainerState) -> Bool {
    let over = state.bestMetric.map { options.greaterIsBetter ? value - $0 : $0 - value }
    let gain = value.isNaN ? -.infinity : over ?? .infinity
    let counts = gain > options.stoppingThreshold
    state.evaluationsWithoutGain = counts ? 0 : state.evaluationsWithoutGain + 1
    guard gain > 0 else { return false }
    state.bestMetric = value
    state.bestGlobalStep = state.globalStep
    return true
  }

  /// Has the best step be looked for anew.
  func forget(in state: inout TrainerState) {
    (state.bestMetric, state.bestGlobalStep, state.bestCheckpoint) = (nil, nil, nil)
    state.evaluationsWithoutGain = 0
  }

  /// Whether the last step was the best, and is to be kept for that.
  func isNow(_ state: TrainerState) -> Bool {
    options.loadsBest && state.bestGlobalStep == state.globalStep
  }

  /// The end of a run that gains nothing any more; nil while it may.
  func ending(_ state: TrainerState) -> TrainingOutcome? {
    let count = state.evaluationsWithoutGain
    guard let patience = options.patience, count >= patience else { return nil }
    let verb = options.greaterIsBetter ? "risen" : "fallen"
    let margin = options.stoppingThreshold > 0 ? " by more than \(options.stoppingThreshold)" : ""
    let best = state.bestMetric.map { "; its best is \($0), at step \(state.bestGlobalStep ?? 0)" }
    return .stopped(
      step: state.globalStep,
      reason: "\(watched) has not \(verb)\(margin) in \(count) "
        + "evaluation\(count == 1 ? "" : "s")\(best ?? "")")
  }
}
