/// Scores of rows of two kinds: how well the scores tell one kind from the other.
public struct Ranking: Sendable {
  /// The places of the rows that have a score, from the least score to the greatest.
  public let places: [Int]
  private let scores: [Double]
  private let isPositive: [Bool]

  /// Ranks the rows with a score, from the least to the greatest.
  public init(_ rows: [(score: Double?, isPositive: Bool)]) {
    let ranked = rows.enumerated().compactMap { place, row in
      row.score.map { (place: place, score: $0, isPositive: row.isPositive) }
    }.sorted { ($0.score, $0.place) < ($1.score, $1.place) }
    places = ranked.map(\.place)
    scores = ranked.map(\.score)
    isPositive = ranked.map(\.isPositive)
  }

  /// How often a positive row's score is above another's, ties counted as half: the area under the
  /// ROC curve; nil where one of both kinds is missing. `times` says how often each row counts.
  public func auc(times: [Int]? = nil) -> Double? {
    var positives = 0, negatives = 0, pairs = 0.0
    forEachTie(times) { positive, others in
      pairs += Double(positive) * (Double(negatives) + Double(others) / 2)
      positives += positive
      negatives += others
    }
    return positives == 0 || negatives == 0
      ? nil : pairs / (Double(positives) * Double(negatives))
  }

  /// The ROC curve from (0, 0) to (1, 1): false and true positive rates of every limit that parts
  /// the rows. Empty where one of both kinds is missing.
  public var rocCurve: [(falseRate: Double, trueRate: Double)] {
    var steps: [(positive: Int, others: Int)] = []
    forEachTie(nil) { steps.append(($0, $1)) }
    let positive = steps.reduce(0) { $0 + $1.positive }
    let others = steps.reduce(0) { $0 + $1.others }
    guard positive > 0, others > 0 else { return [] }
    var curve = [(falseRate: 0.0, trueRate: 0.0)], hits = 0, misses = 0
    for step in steps.reversed() {
      hits += step.positive
      misses += step.others
      curve.append((Double(misses) / Double(others), Double(hits) / Double(positive)))
    }
    return curve
  }

  /// Groups of equal score, ascending: how many are positive, how many are not.
  private func forEachTie(_ times: [Int]?, _ body: (_ positive: Int, _ others: Int) -> Void) {
    var place = 0
    while place < scores.count {
      let score = scores[place]
      var positive = 0, others = 0
      while place < scores.count, scores[place] == score {
        let count = times?[places[place]] ?? 1
        if isPositive[place] { positive += count } else { others += count }
        place += 1
      }
      body(positive, others)
    }
  }
}
