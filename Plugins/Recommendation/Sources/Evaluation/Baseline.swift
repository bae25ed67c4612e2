/// A rule without a model.
struct Baseline {
  let name: String
  /// What the rule does, for the report.
  let definition: String
  let judgements: [Judgement]
  /// Whether the rule's score ranks rows.
  let ranks: Bool

  /// The rules that the rows' metadata allow: one that a row lacks the numbers for is left out.
  static func all(
    _ judgements: [Judgement], _ rows: [RowMetadata], likedFrom: Float
  ) -> [Baseline] {
    let liked = judgements.count(where: \.isLiked)
    let majority = 2 * liked > judgements.count
    func rule(
      _ name: String, _ definition: String, limit: Double, ranks: Bool = true,
      _ score: (RowMetadata) -> Double?
    ) -> Baseline? {
      let scores = rows.compactMap(score)
      guard scores.count == rows.count, !rows.isEmpty else { return nil }
      let said = zip(judgements, scores).map { judgement, score in
        Judgement(
          isLiked: judgement.isLiked, score: score, limit: limit, user: judgement.user)
      }
      return Baseline(name: name, definition: definition, judgements: said, ranks: ranks)
    }
    return [
      rule(
        "majority", "always what most of these rows are: \(majority ? "Yes" : "No")", limit: 1,
        ranks: false
      ) { _ in majority ? 1 : 0 },
      rule("history", "Yes where at least half of the history is liked", limit: 0.5) { row in
        row.history_ratings.flatMap { ratings in
          ratings.isEmpty
            ? nil : Double(ratings.count { $0 >= likedFrom }) / Double(ratings.count)
        }
      },
      rule(
        "item_mean", "Yes where the candidate's mean rating in training is at least that of all",
        limit: 0
      ) { difference($0.item_mean, $0.overall_mean) },
      rule(
        "user_mean", "Yes where the user's mean rating in training is at least that of all",
        limit: 0
      ) { difference($0.user_mean, $0.overall_mean) },
    ].compactMap(\.self)
  }

  private static func difference(_ mean: Float?, _ overall: Float?) -> Double? {
    guard let mean, let overall else { return nil }
    return Double(mean - overall)
  }

  /// The metrics that the rule has: a rule's score is no probability, so it has no calibration.
  var metrics: [String: Double] {
    let values = zip(Tally.names, Tally(judgements).values())
    let kept = ["accuracy", "f1", "precision", "recall"] + (ranks ? ["roc_auc"] : [])
    var metrics: [String: Double] = [:]
    for (name, value) in values where kept.contains(name) { metrics[name] = value }
    return metrics
  }
}
