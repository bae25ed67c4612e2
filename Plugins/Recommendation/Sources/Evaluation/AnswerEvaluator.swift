import TaskKit

/// Yes and No against the truth, by log-odds or by what the model writes.
struct AnswerEvaluator: Evaluator {
  static let name = "recommendation.answers"
  static let summary = "Accuracy, F1 of Yes, ROC-AUC, calibration; beside rules without a model."

  private let seed: UInt64
  private let likedFrom: Float

  init(config: RecommendationConfig, split: Split, host: HostServices) throws {
    seed = config.seed ?? 0
    likedFrom = try config.likedFrom()
  }

  func evaluate(_ predictions: [Prediction]) throws -> Report {
    guard !predictions.isEmpty else {
      throw PluginError(.data, "there is no prediction to judge; ask at least one row")
    }
    let rows = try predictions.map { try $0.metadata.decoded(as: RowMetadata.self) }
    let judgements = try zip(predictions, rows).map { try Judgement($0, $1) }
    let baselines = Baseline.all(judgements, rows, likedFrom: likedFrom)
    let sheet = AnswerSheet(judgements, baselines, seed: seed)
    return Report(
      count: predictions.count, primary: "accuracy", metrics: sheet.metrics,
      baselines: baselines.map { (name: $0.name, metrics: $0.metrics) }, details: sheet.details,
      tables: sheet.tables, charts: sheet.charts, clusters: judgements.map(\.user))
  }
}
