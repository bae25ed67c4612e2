import TaskKit

/// A model's score of one dimension: the digits' probabilities, and what follows from them.
struct Score: Sendable, Hashable {
  /// Σ p(k) · k; the likeliest k, the lowest of equals.
  var expected: Double, likely: Double

  /// From the choices' log-likelihoods, which stand for `low`, `low` + 1, …: softmax over them.
  init?(logLikelihoods: some Collection<Double>, low: Int) {
    guard let greatest = logLikelihoods.max(), greatest.isFinite,
      logLikelihoods.allSatisfy({ !$0.isNaN })
    else { return nil }
    let weights = logLikelihoods.map { Exponential.of($0 - greatest) }
    let sum = weights.reduce(0, +)
    expected = weights.enumerated().reduce(0) { $0 + Double(low + $1.offset) * $1.element } / sum
    likely = Double(low + (weights.firstIndex(of: weights.max() ?? 0) ?? 0))
  }

  /// A generated score, which is all there is.
  init(generated: Int) {
    expected = Double(generated)
    likely = expected
  }
}

/// One dimension of one row, as the model and as people judged it.
struct Judgement: Sendable {
  /// The record and the clip.
  var record: String, clip: String
  /// The dimension's key and its scale.
  var dimension: String, low: Int, high: Int
  /// What each annotator gave.
  var ratings: [Double?]
  /// What the model gave; nil: its answer could not be read.
  var score: Score?

  /// The mean of the ratings that are there; nil without any.
  var truth: Double? {
    let present = ratings.compactMap(\.self)
    return present.isEmpty ? nil : Correlation.mean(present)
  }

  /// Whether the dimension is a yes-or-no question.
  var isBinary: Bool { high - low == 1 }

  /// The judgements of a row, one for each question.
  static func list(_ prediction: Prediction, _ row: RowMetadata) throws -> [Judgement] {
    let scores = try scores(prediction, row)
    return zip(row.questions, scores).map { question, score in
      Judgement(
        record: row.id, clip: row.clip, dimension: question.dimension, low: question.low,
        high: question.high, ratings: question.ratings, score: score)
    }
  }

  private static func scores(_ prediction: Prediction, _ row: RowMetadata) throws -> [Score?] {
    guard row.questions.allSatisfy({ $0.low < $0.high }) else {
      throw PluginError(.data, "record '\(row.id)' has a scale that ends where it begins")
    }
    let sizes = row.questions.map { $0.high - $0.low + 1 }
    let values = prediction.choiceLogLikelihoods
    guard !values.isEmpty else { return generated(prediction.text, row.questions) }
    guard values.count == sizes.reduce(0, +) else {
      throw PluginError(
        .internal,
        "row \(prediction.index) (record '\(row.id)') has \(values.count) log-likelihoods for "
          + "\(sizes.reduce(0, +)) choices")
    }
    var rest = values[...]
    return try zip(row.questions, sizes).map { question, size in
      defer { rest = rest.dropFirst(size) }
      guard let score = Score(logLikelihoods: rest.prefix(size), low: question.low) else {
        throw PluginError(
          .data,
          "row \(prediction.index) (record '\(row.id)'): the log-likelihoods for "
            + "'\(question.dimension)' are not numbers; the model is broken")
      }
      return score
    }
  }

  private static func generated(_ text: String, _ questions: [RowMetadata.Question]) -> [Score?] {
    let answer = AnswerText(text)
    return questions.map { question in
      let scale = question.low...question.high
      let score = answer.score(tag: question.tag, in: scale)
      return (score ?? (questions.count == 1 ? answer.score(in: scale) : nil))
        .map { Score(generated: $0) }
    }
  }
}
