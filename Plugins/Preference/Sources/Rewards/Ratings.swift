import TaskKit

/// What raters gave, on a scale.
struct Ratings {
  /// Each rater's score, or each distinct score with the share of raters that gave it.
  let scores: [(value: Double, weight: Double)]
  let scale: ClosedRange<Double>

  /// nil where nobody rated.
  init?(_ scores: [(value: Double, weight: Double)], on scale: ClosedRange<Double>) {
    let given = scores.filter { $0.weight > 0 }
    guard !given.isEmpty, scale.lowerBound < scale.upperBound else { return nil }
    (self.scores, self.scale) = (given, scale)
  }

  private var total: Double { scores.reduce(0) { $0 + $1.weight } }
  private var width: Double { scale.upperBound - scale.lowerBound }

  /// The raters' mean.
  var mean: Double { scores.reduce(0) { $0 + $1.weight * $1.value } / total }

  /// 1 − |answer − mean| / width
  func closenessToMean(_ answer: Double) -> Double { 1 - abs(answer - mean) / width }

  /// 1 − mean over raters of (answer − score)² / width²
  func closenessToRaters(_ answer: Double) -> Double {
    let squares = scores.reduce(0) { sum, score in
      sum + score.weight * (answer - score.value) * (answer - score.value)
    }
    return 1 - squares / total / (width * width)
  }
}

/// One thing that a row asks a rating of.
struct RatedQuestion {
  /// What its component is called; the tag before its answer, `[Tag]4`, nil where the whole answer
  /// is the rating.
  let name: String, tag: String?
  let ratings: Ratings

  /// The answer of a text; nil where it holds none that lies on the scale.
  func answer(in text: String) -> Double? {
    var text = text[...]
    if let tag {
      guard let place = text.places(of: "[\(tag)]").first else { return nil }
      text = text[place.upperBound...].drop(while: \.isWhitespace)
        .prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    }
    return Double(text).flatMap { ratings.scale.contains($0) ? $0 : nil }
  }
}
