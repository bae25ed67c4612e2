import TaskKit

/// What a report's numbers are.
enum ModelNumbers {
  /// How likely answers are.
  case logProbabilities
  /// How much likelier they have become than under the run's reference.
  case rewards
  /// What a reward model gives them.
  case scores

  /// A metric's name. Log-probabilities differ from the others also in name, since reports with and
  /// without a reference stand beside one another.
  func name(_ metric: String) -> String {
    self == .logProbabilities ? metric + "_log_p" : metric
  }

  /// How a sentence goes on behind a number's name.
  var unit: String { self == .scores ? "" : ", in nats" }
}

extension Prediction {
  /// What a reward model gives a pair's answers; nil where none was asked.
  var scoredPair: PairLogProbabilities? {
    guard example.isPair, scores.count == 2 else { return nil }
    return PairLogProbabilities(chosen: scores[0], rejected: scores[1])
  }

  /// What a reward model gives the answer of a row with a label; nil where none was asked.
  var scoredAnswer: AnswerLogProbabilities? {
    guard example.label != nil, scores.count == 1 else { return nil }
    return AnswerLogProbabilities(answer: scores[0])
  }

  /// All that a model says of the row's answers.
  var numbers: [Double] { choiceLogLikelihoods + scores }
}
