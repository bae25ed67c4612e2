import TaskKit

/// One multiple-choice row, as the model answered it.
struct Choice: Sendable {
  /// The clip and the group that its accuracy is told for.
  var clip: String, category: String?
  /// The right option; the number of options.
  var correct: Int, options: Int
  /// What the model chose; nil: its answer could not be read.
  var chosen: Int?

  /// Whether the model is right; what could not be read is wrong.
  var isRight: Bool { chosen == correct }

  /// A multiple-choice row; nil for one that has no right answer.
  init?(_ prediction: Prediction, _ row: RowMetadata) throws {
    guard let correct = row.correct else { return nil }
    let options = prediction.example.choices, values = prediction.choiceLogLikelihoods
    guard options.indices.contains(correct) else {
      throw PluginError(
        .data,
        "record '\(row.id)': the answer is \(correct), but there are \(options.count) choices")
    }
    guard values.isEmpty || values.count == options.count else {
      throw PluginError(
        .internal,
        "row \(prediction.index) (record '\(row.id)') has \(values.count) log-likelihoods for "
          + "\(options.count) choices")
    }
    clip = row.clip
    category = row.category
    self.correct = correct
    self.options = options.count
    chosen =
      values.isEmpty
      ? AnswerText(prediction.text).choice(among: options)
      : values.indices.max { values[$0] < values[$1] }
  }
}
