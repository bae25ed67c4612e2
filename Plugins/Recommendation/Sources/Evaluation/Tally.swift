import TaskKit

/// What makes up the metrics, of judgements that may count several times (resamples) or not at all.
struct Tally {
  /// Counts by truth and answer.
  struct Confusion: Sendable, Hashable {
    /// Liked: said Yes, No, neither. Not liked: said Yes, No, neither.
    var yesYes = 0, yesNo = 0, yesUnknown = 0, noYes = 0, noNo = 0, noUnknown = 0

    mutating func add(_ judgement: Judgement, times: Int) {
      switch (judgement.isLiked, judgement.said) {
      case (true, true?): yesYes += times
      case (true, false?): yesNo += times
      case (true, nil): yesUnknown += times
      case (false, true?): noYes += times
      case (false, false?): noNo += times
      case (false, nil): noUnknown += times
      }
    }

    var count: Int { yesYes + yesNo + yesUnknown + noYes + noNo + noUnknown }
    /// Liked rows; rows called Yes; rows called neither.
    var liked: Int { yesYes + yesNo + yesUnknown }
    var calledYes: Int { yesYes + noYes }
    var unknown: Int { yesUnknown + noUnknown }
    /// The share of right answers; an unknown one is wrong.
    var accuracy: Double? { Self.share(yesYes + noNo, of: count) }
    /// Of rows called Yes, the share that is liked.
    var precision: Double? { Self.share(yesYes, of: calledYes) }
    /// Of liked rows, the share called Yes; an unknown answer misses it.
    var recall: Double? { Self.share(yesYes, of: liked) }
    /// The harmonic mean of both: 2 TP / (called Yes + liked).
    var f1: Double? { Self.share(2 * yesYes, of: calledYes + liked) }

    private static func share(_ part: Int, of whole: Int) -> Double? {
      whole == 0 ? nil : Double(part) / Double(whole)
    }
  }

  /// Names of what `values` holds, in its order.
  static let names = [
    "accuracy", "f1", "precision", "recall", "unknown", "roc_auc", "ece", "brier",
  ]
  /// Of these the ones where less is better.
  static let errors: Set = ["unknown", "ece", "brier"]

  private let judgements: [Judgement]
  private let ranking: Ranking

  init(_ judgements: [Judgement]) {
    self.judgements = judgements
    ranking = Ranking(judgements.map { ($0.score, $0.isLiked) })
  }

  /// Counts of all judgements, each once.
  var confusion: Confusion { confusion(nil) }

  /// The metrics, in the order of `names`; nil for one that is undefined. `times` says how often
  /// each judgement counts.
  func values(times: [Int]? = nil) -> [Double?] {
    let confusion = confusion(times)
    let unknown =
      confusion.count == 0 ? nil : Double(confusion.unknown) / Double(confusion.count)
    return [
      confusion.accuracy, confusion.f1, confusion.precision, confusion.recall, unknown,
      ranking.auc(times: times), calibration(times).error, brier(times),
    ]
  }

  /// The accuracy alone.
  func accuracy(times: [Int]?) -> Double? { confusion(times).accuracy }

  private func confusion(_ times: [Int]?) -> Confusion {
    var confusion = Confusion()
    for (index, judgement) in judgements.enumerated() {
      confusion.add(judgement, times: times?[index] ?? 1)
    }
    return confusion
  }

  /// The mean of (p − liked)² (Brier 1950).
  private func brier(_ times: [Int]?) -> Double? {
    var sum = 0.0, count = 0
    for index in ranking.places {
      guard let probability = judgements[index].probability else { continue }
      let error = probability - (judgements[index].isLiked ? 1 : 0), weight = times?[index] ?? 1
      sum += Double(weight) * error * error
      count += weight
    }
    return count == 0 ? nil : sum / Double(count)
  }
}

extension Tally {
  /// The ROC curve of the scores; see `Ranking`.
  var rocCurve: [(falseRate: Double, trueRate: Double)] { ranking.rocCurve }

  /// Ten ranges of P(Yes), of equal width, 1 in the last; and the expected calibration error: the
  /// mean of |mean P − share liked| over the ranges, by their counts (Guo et al. 2017, eq. 3).
  struct Calibration {
    /// One range.
    struct Bin: Hashable {
      var count = 0, liked = 0, sum = 0.0
      /// The mean of P(Yes) in it; the share that is liked.
      var confidence: Double { sum / Double(count) }
      var share: Double { Double(liked) / Double(count) }
    }

    static let count = 10
    var bins = Array(repeating: Bin(), count: count)

    /// Nil where there is no probability.
    var error: Double? {
      let total = bins.reduce(0) { $0 + $1.count }
      guard total > 0 else { return nil }
      return bins.reduce(0) { $0 + abs($1.sum - Double($1.liked)) } / Double(total)
    }
  }

  /// The calibration of all judgements, or of a resample.
  func calibration(_ times: [Int]? = nil) -> Calibration {
    var calibration = Calibration()
    for index in ranking.places {
      guard let probability = judgements[index].probability else { continue }
      let bin = min(Calibration.count - 1, Int(probability * Double(Calibration.count)))
      let weight = times?[index] ?? 1
      calibration.bins[bin].count += weight
      calibration.bins[bin].liked += judgements[index].isLiked ? weight : 0
      calibration.bins[bin].sum += Double(weight) * probability
    }
    return calibration
  }
}
