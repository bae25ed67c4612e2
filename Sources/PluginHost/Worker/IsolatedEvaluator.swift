import JSON
import Tasks

/// A plugin's evaluator in a process of its own.
final class IsolatedEvaluator: Evaluator {
  private let session: WorkerSession

  /// Makes the evaluator, so that a bad config is an error here.
  init(
    _ job: WorkerJob, limits: WorkerLimits, program: String, host: WorkerHost
  ) throws(TaskError) {
    session = try WorkerSession(job, limits: limits, program: program, host: host)
  }

  func evaluate(_ predictions: [Prediction]) throws(TaskError) -> Report {
    session.renewForModel()
    let response = try session.ask(
      .evaluate(predictions), while: "judging \(predictions.count) predictions")
    guard case .report(let text) = response else { throw session.outOfTurn() }
    return try Report(text, of: session.subject, predictions: predictions.count)
  }
}
