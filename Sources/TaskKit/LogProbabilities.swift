/// How likely the two answers of a preference pair are: natural logarithms of probabilities, summed
/// over each answer's tokens.
public struct PairLogProbabilities: Sendable, Hashable {
  /// Under the model that is judged.
  public var chosen: Double, rejected: Double
  /// Under the model that the run compares with; nil where it has none.
  public var referenceChosen: Double?, referenceRejected: Double?

  /// Creates a pair's numbers.
  public init(
    chosen: Double, rejected: Double, referenceChosen: Double? = nil,
    referenceRejected: Double? = nil
  ) {
    self.chosen = chosen
    self.rejected = rejected
    self.referenceChosen = referenceChosen
    self.referenceRejected = referenceRejected
  }
}

/// How likely the answer of a row with a label is: natural logarithms of probabilities, summed over
/// its tokens.
public struct AnswerLogProbabilities: Sendable, Hashable {
  /// Under the model that is judged.
  public var answer: Double
  /// Under the model that the run compares with; nil where it has none.
  public var reference: Double?

  /// Creates an answer's numbers.
  public init(answer: Double, reference: Double? = nil) {
    self.answer = answer
    self.reference = reference
  }
}

extension Prediction {
  /// Of a preference pair what the models give its answers; nil where they were not asked.
  public var pair: PairLogProbabilities? {
    let all = choiceLogLikelihoods
    guard example.isPair, all.count == 2 || all.count == 4 else { return nil }
    guard all.count == 4 else { return PairLogProbabilities(chosen: all[0], rejected: all[1]) }
    return PairLogProbabilities(
      chosen: all[0], rejected: all[1], referenceChosen: all[2], referenceRejected: all[3])
  }

  /// Of a row with a label what the models give its answer; nil where they were not asked.
  public var labeled: AnswerLogProbabilities? {
    let all = choiceLogLikelihoods
    guard example.label != nil, all.count == 1 || all.count == 2 else { return nil }
    return AnswerLogProbabilities(answer: all[0], reference: all.count == 2 ? all[1] : nil)
  }
}
