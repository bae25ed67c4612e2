import TaskKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// What was said of one row, and the truth.
struct Judgement: Sendable, Hashable {
  /// Whether the user liked the candidate; what was said; nil for neither Yes nor No.
  var isLiked: Bool, said: Bool?
  /// What ranks rows: the log-odds of Yes against No, or a rule's score; nil where the answer was
  /// written out.
  var score: Double?
  /// P(Yes) against No, of the log-odds; nil without them.
  var probability: Double?
  /// P(Yes) + P(No): how much of its probability the model gives to an answer at all.
  var mass: Double?
  /// Rows of one user are not independent: intervals resample users. Rows of unknown users are
  /// their own.
  var user: String

  /// Judges a prediction: by the log-likelihoods of its choices, or by its text.
  init(_ prediction: Prediction, _ row: RowMetadata) throws {
    isLiked = row.label == PromptBuilder.answers[0]
    user = row.user_id.map { "\($0)" } ?? "row \(prediction.index)"
    let scores = prediction.choiceLogLikelihoods
    if scores.isEmpty {
      said = AnswerText(prediction.text).answer
      return
    }
    guard prediction.example.choices == PromptBuilder.answers, scores.count == 2 else {
      throw PluginError(
        .internal,
        "row \(prediction.index): \(scores.count) log-likelihoods for the choices "
          + "\(prediction.example.choices)")
    }
    guard scores.allSatisfy(\.isFinite) else {
      throw PluginError(
        .data,
        "row \(prediction.index): the model's log-likelihoods of Yes and No are \(scores); it is "
          + "broken, so train it again with a smaller learning rate")
    }
    score = scores[0] - scores[1]
    probability = 1 / (1 + exp(scores[1] - scores[0]))
    mass = exp(scores[0]) + exp(scores[1])
    said = scores[0] >= scores[1]
  }

  /// A rule's verdict: Yes from a score of `limit` on.
  init(isLiked: Bool, score: Double, limit: Double, user: String) {
    self.isLiked = isLiked
    self.user = user
    said = score >= limit
    self.score = score
  }
}
