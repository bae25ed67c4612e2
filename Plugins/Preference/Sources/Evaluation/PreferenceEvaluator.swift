import TaskKit

/// Preferences against what a model finds likely: of pairs, of answers with a label; beside rules
/// without a model, and how long the answers are that it writes itself.
struct PreferenceEvaluator: Evaluator {
  static let name = "preference.evaluator"
  static let summary =
    "Accuracy and margin of pairs, AUC of labels, length of answers; beside rules without a model."

  private let seed: UInt64

  init(config: PreferenceConfig, split: Split, host: HostServices) { seed = config.seed ?? 0 }

  func evaluate(_ predictions: [Prediction]) throws -> Report {
    guard let first = predictions.first else {
      throw PluginError(.data, "there is no prediction to judge; ask at least one row")
    }
    let kind = RowKind(first)
    if let other = predictions.first(where: { RowKind($0) != kind }) {
      throw PluginError(
        .internal,
        "row \(first.index) is \(kind.rawValue), row \(other.index) is "
          + "\(RowKind(other).rawValue); rows of a report must be of one kind")
    }
    guard Set(predictions.map { [$0.choiceLogLikelihoods.count, $0.scores.count] }).count == 1
    else {
      throw PluginError(
        .internal,
        "some rows have a reference model's log-probabilities, or a reward model's scores, and some have "
          + "not")
    }
    let rows = try predictions.map(Self.metadata)
    let means = ClusteredMeans(rows.map(\.prompt_id), seed: seed)
    let written = WrittenAnswers(predictions)
    switch kind {
    case .scoredPair:
      let pairs = try zip(predictions, rows).map { try JudgedPair($0, $1) }
      return PairReport(pairs, written, means).report
    case .scoredAnswer:
      let answers = try zip(predictions, rows).map { try JudgedAnswer($0, $1) }
      return LabelReport(answers, written, means).report
    case .text: return try WrittenReport(rows, written, means).report
    }
  }

  private static func metadata(_ prediction: Prediction) throws -> RowMetadata {
    guard let value = prediction.metadata[RowMetadata.key] else {
      throw PluginError(
        .data,
        "row \(prediction.index) has no '\(RowMetadata.key)' in its metadata, which "
          + "\(PreferenceDataset.name) gives to its rows")
    }
    return try value.decoded()
  }
}

/// What there is to judge of a row.
private enum RowKind: String {
  case scoredPair = "a pair with numbers of a model"
  case scoredAnswer = "an answer with a label and a number of a model"
  case text = "without numbers of a model"

  init(_ prediction: Prediction) {
    if prediction.pair != nil || prediction.scoredPair != nil {
      self = .scoredPair
    } else {
      self = prediction.labeled != nil || prediction.scoredAnswer != nil ? .scoredAnswer : .text
    }
  }
}

extension PluginError {
  /// A model that gives no number to what it was asked.
  static func broken(_ prediction: Prediction) -> PluginError {
    PluginError(
      .data,
      "row \(prediction.index): the \(prediction.scores.isEmpty ? "log-probabilities" : "scores") are "
        + "\(prediction.numbers); the "
        + "model is broken, so train it again with a smaller learning rate")
  }
}
