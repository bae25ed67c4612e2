import TaskKit

/// How close an answer that is a rating comes to what raters gave. What cannot be read as a rating
/// on the scale scores 0; a row that nobody rated, or whose item was rejected, is abstained from.
///
/// Where the row says under `choice` what its `options` are and which share of the raters gave each
/// (`weights`), the answer is one of the options. Where it has `questions`, as speech_drama's rows do,
/// each with its `ratings`, `low`, `high` and `tag`, the score is the mean over them, and each is a
/// component.
struct RatingReward: Reward {
  static let name = "rating"
  static let summary = "1 minus the distance of a rating from the raters' mean, or from each rater."

  struct Config: Decodable, Sendable {
    /// `mean`: 1 − |answer − mean| / (high − low). `raters`: 1 − mean of (answer − score)² over the
    /// raters / (high − low)², which is best at the mean, too, and also says how far raters agree.
    var against: String
    /// The column with the raters' scores: a list, null where a rater gave none, or one number.
    var key: String
    /// The scale.
    var low: Double, high: Double
  }
  static let defaults: JSON = ["against": "mean", "key": "ratings", "low": 1, "high": 5]

  enum Against: String, CaseIterable { case mean, raters }

  private let against: Against, key: String, scale: ClosedRange<Double>

  init(config: Config, host: HostServices) throws {
    against = try named(config.against, "against")
    guard config.low < config.high else {
      throw PluginError(.configuration, "'low' must be less than 'high'")
    }
    guard !config.key.isEmpty else { throw PluginError(.configuration, "'key' names no column") }
    key = config.key
    scale = config.low...config.high
  }

  func score(_ completion: Completion) throws -> Score {
    let row = try completion.metadata
    if row["rejected"]?.bool == true { return .abstain(reason: "the item was rejected") }
    if let choice = row["choice"], choice["weights"] != [] {
      return try score(of: completion.text, among: choice)
    }
    let questions = try questions(row)
    guard !questions.isEmpty else { return .abstain(reason: "nobody rated the row") }
    let text = completion.finalAnswer
    let scores = questions.map { question in
      question.answer(in: text).map { closeness($0, question.ratings) } ?? 0
    }
    let mean = scores.reduce(0, +) / Double(scores.count)
    guard scores.count > 1 else { return .score(mean) }
    let parts = zip(questions.map(\.name), scores).map { ($0, $1) }
    return .score(mean, components: Dictionary(parts) { $1 })
  }

  private func closeness(_ answer: Double, _ ratings: Ratings) -> Double {
    against == .mean ? ratings.closenessToMean(answer) : ratings.closenessToRaters(answer)
  }

  // MARK: What the row says

  private func questions(_ row: JSON) throws -> [RatedQuestion] {
    guard let questions = row["questions"]?.array else {
      let ratings = Ratings(try scores(row[key], key), on: scale)
      return ratings.map { [RatedQuestion(name: key, tag: nil, ratings: $0)] } ?? []
    }
    return try questions.enumerated().compactMap { index, question in
      let low = question["low"]?.double ?? scale.lowerBound
      let high = question["high"]?.double ?? scale.upperBound
      guard low < high else { throw Self.fault("questions[\(index)]", "has no scale") }
      let given = try scores(question["ratings"], "questions[\(index)].ratings")
      return Ratings(given, on: low...high).map {
        RatedQuestion(
          name: question["dimension"]?.string ?? "question \(index)",
          tag: questions.count > 1 ? question["tag"]?.string : nil, ratings: $0)
      }
    }
  }

  private func scores(_ value: JSON?, _ key: String) throws -> [(value: Double, weight: Double)] {
    guard let value, value != .null else { return [] }
    let list = value.array ?? [value]
    return try list.filter { $0 != .null }.map { score in
      guard let number = score.double else { throw Self.fault(key, "must be numbers") }
      return (number, 1)
    }
  }

  // MARK: Closed answers

  /// Options that are numbers lie on a scale; of others the share of raters counts that chose it.
  private func score(of text: String, among choice: JSON) throws -> Score {
    guard let options = choice["options"]?.array?.map({ $0.string ?? $0.text }),
      let weights = choice["weights"]?.array?.compactMap(\.double),
      options.count == weights.count, weights.allSatisfy({ $0 >= 0 })
    else {
      throw Self.fault("choice", "must have 'options' and as many 'weights', none below 0")
    }
    guard weights.contains(where: { $0 > 0 }) else {
      return .abstain(reason: "nobody rated the row")
    }
    let answer = text.trimmed
    guard let index = options.firstIndex(where: { $0.trimmed == answer }) else { return 0 }
    let values = options.compactMap { Double($0.trimmed) }
    if values.count == options.count, let low = values.min(), let high = values.max(),
      let ratings = Ratings(zip(values, weights).map { ($0, $1) }, on: min(low, high)...high)
    {
      return .score(closeness(values[index], ratings))
    }
    return .score(weights[index] / weights.reduce(0, +))
  }

  private static func fault(_ key: String, _ what: String) -> PluginError {
    PluginError(.data, "the row's '\(key)' \(what)")
  }
}
