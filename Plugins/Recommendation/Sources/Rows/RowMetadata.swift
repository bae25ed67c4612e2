import TaskKit

/// What a row's evaluator, and whoever reads its predictions, is told of it.
struct RowMetadata: Decodable, Sendable, Hashable {
  /// The truth: `Yes` or `No`.
  var label: String
  /// Whose row it is, a number or a text; nil where the file of rows does not say.
  var user_id: JSON?
  /// The candidate.
  var candidate_title: String?, movie_id: Int?
  /// The history's lines as the prompt has them, and the stars in them.
  var history_titles: [String]?, history_ratings: [Float]?
  /// Means over the training ratings, in stars: the candidate's, the user's, of all.
  var item_mean: Float?, user_mean: Float?, overall_mean: Float?
}

extension RowMetadata {
  init(label: String) { self.label = label }

  /// The object that travels with the row. By hand, since encoders cost more than the whole rest of
  /// a row.
  var json: JSON {
    var members: [String: JSON] = ["label": .string(label)]
    members["user_id"] = user_id
    members["candidate_title"] = candidate_title.map(JSON.string)
    members["movie_id"] = movie_id.map(JSON.int)
    members["history_titles"] = history_titles.map { .array($0.map(JSON.string)) }
    members["history_ratings"] = history_ratings.map { .array($0.map { .double(Double($0)) }) }
    members["item_mean"] = item_mean.map { .double(Double($0)) }
    members["user_mean"] = user_mean.map { .double(Double($0)) }
    members["overall_mean"] = overall_mean.map { .double(Double($0)) }
    return .object(members)
  }
}
