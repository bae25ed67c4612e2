import Tracking

extension TrainingOptions {
  /// What another length means for a run that has come as far as `state`; nil where it keeps its own.
  ///
  /// The rate is a function of the step and of the run's length alone: the steps to come have those of
  /// a run that was of the new length from the start. So a run may be prolonged more than once, and a
  /// resumed one needs to know nothing of its past. Rows come as before, by seed and epoch.
  func note(ofLengthAfter state: TrainerState) -> String? {
    guard state.maxSteps != steps else { return nil }
    var text = "the run has \(steps) steps in the place of \(state.maxSteps)"
    let next = state.globalStep + 1
    guard next <= steps else { return text }
    text +=
      "; the learning rate goes on as in a run of that length: \(learningRate(next)) at step \(next)"
    let logged = state.logHistory.last { $0["learning_rate"] != nil }
    if let rate = logged?["learning_rate"]?.double, let step = logged?["step"]?.int {
      text += ", after \(rate) at step \(step)"
    }
    return text
  }
}
