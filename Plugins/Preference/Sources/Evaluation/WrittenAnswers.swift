import TaskKit

/// The answers that the model wrote itself, as far as it did.
struct WrittenAnswers {
  /// Whether any answer was written: where log-probabilities were asked for alone, none is.
  let isThere: Bool
  private let names: [String], columns: [[Double?]]

  /// Names of the answers' lengths in metrics.
  static let words = "answer/words", characters = "answer/characters"
  /// How far the answer agrees with the chosen or wanted one (`AnswerOverlap`).
  static let agreement = "answer/token_f1"
  /// How often an answer agrees more with the chosen than with the rejected one.
  static let closer = "answer/closer_to_chosen"

  init(_ predictions: [Prediction]) {
    isThere = predictions.contains { !$0.text.isEmpty }
    let lengths = predictions.map { TextLength($0.text) }
    let agreement = predictions.map { prediction in
      prediction.wanted.map { AnswerOverlap(answer: prediction.text, reference: $0).tokenF1 }
    }
    let closer = zip(predictions, agreement).map { prediction, agreement -> Double? in
      guard prediction.example.isPair, let agreement else { return nil }
      let other = prediction.example.rejected.text
      let against = AnswerOverlap(answer: prediction.text, reference: other).tokenF1
      return JudgedPair.wins(agreement - against)
    }
    names = [Self.words, Self.characters, Self.agreement, Self.closer]
    columns = [
      lengths.map { Double($0.words) }, lengths.map { Double($0.characters) }, agreement, closer,
    ]
  }

  /// The metrics of what was written: those that some row has.
  func metrics(_ means: ClusteredMeans) -> [(name: String, measure: Measure)] {
    zip(names, means.measures(columns)).compactMap { name, measure in
      measure.map { (name, $0) }
    }
  }

  /// What the metrics are.
  static let definitions: JSON.Members = [
    words: "mean length of the answers that the model writes, in words",
    characters: "the same in characters, white space at the ends aside",
    agreement: "word F1 of the written answer with the chosen or wanted one",
    closer: "share of written answers that agree more with the chosen than with the rejected one",
  ]

  /// The lengths of given answers, to stand beside the model's own.
  static func lengths(_ lengths: [TextLength]) -> [String: Double] {
    var metrics: [String: Double] = [:]
    metrics[words] = lengths.map { Double($0.words) }.mean
    metrics[characters] = lengths.map { Double($0.characters) }.mean
    return metrics
  }
}

extension Prediction {
  /// The answer that the model should write: a pair's chosen one, a wanted one; nil where there is
  /// none.
  fileprivate var wanted: String? {
    if example.isPair { return example.chosen.text }
    guard example.label != false else { return nil }
    return reference
  }
}
