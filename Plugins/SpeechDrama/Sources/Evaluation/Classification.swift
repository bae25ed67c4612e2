/// Yes-or-no decisions against the truth.
public struct Confusion: Sendable, Hashable {
  /// Said yes and right, said yes and wrong, said no and wrong, said no and right.
  public var truePositives = 0, falsePositives = 0, falseNegatives = 0, trueNegatives = 0

  /// No decisions yet.
  public init() {}

  /// Counts a decision; nil, no decision at all, is wrong whatever the truth.
  public mutating func add(_ decision: Bool?, truth: Bool) {
    switch (decision ?? !truth, truth) {
    case (true, true): truePositives += 1
    case (true, false): falsePositives += 1
    case (false, true): falseNegatives += 1
    case (false, false): trueNegatives += 1
    }
  }

  /// The number of decisions.
  public var count: Int { truePositives + falsePositives + falseNegatives + trueNegatives }
  /// The share of right decisions.
  public var accuracy: Statistic {
    share(truePositives + trueNegatives, of: count, "there are no decisions")
  }
  /// Of those called positive, the share that is.
  public var precision: Statistic {
    share(truePositives, of: truePositives + falsePositives, "nothing was called positive")
  }
  /// Of the positive, the share that was called so.
  public var recall: Statistic {
    share(truePositives, of: truePositives + falseNegatives, "nothing is positive")
  }
  /// The harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).
  public var f1: Statistic {
    share(
      2 * truePositives, of: 2 * truePositives + falsePositives + falseNegatives,
      "nothing is, or was called, positive")
  }

  private func share(_ part: Int, of whole: Int, _ reason: String) -> Statistic {
    whole == 0 ? .undefined(reason) : .value(Double(part) / Double(whole))
  }
}

/// The area under the ROC curve: how often a positive one's score is above a negative one's, ties
/// counted as half (Mann and Whitney's U over the number of pairs).
public func rocAUC(_ scores: [Double], positive: [Bool]) -> Statistic {
  precondition(
    scores.count == positive.count, "statistics: \(scores.count) and \(positive.count) values")
  let positives = positive.count { $0 }, negatives = positive.count - positives
  guard positives > 0, negatives > 0 else {
    return .undefined("both outcomes are needed, not \(positives) and \(negatives)")
  }
  let sum = zip(Correlation.ranks(scores), positive).reduce(0) { $1.1 ? $0 + $1.0 : $0 }
  let u = sum - Double(positives) * Double(positives + 1) / 2
  return .value(u / (Double(positives) * Double(negatives)))
}
