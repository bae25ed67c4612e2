/// The rated judgements on a scale, dimension by dimension, and what their statistics are.
///
/// Statistics come in `rows`: one for each dimension, then `macro` (their mean) and `pooled` (all
/// pairs in one list, which mixes agreement with what separates the dimensions).
struct ScaleSheet {
  /// Which of the model's two scores is compared.
  enum Kind: String, CaseIterable, Sendable {
    /// The expected score Σ p(k) · k; the likeliest one.
    case expected, likely

    func of(_ score: Score) -> Double { self == .expected ? score.expected : score.likely }
  }

  /// The dimensions in the order they were first met.
  let dimensions: [String]
  /// Each dimension's rated judgements.
  let judgements: [[Judgement]]
  /// The number of clips.
  let clips: Int
  /// By dimension and clip, the pairs of score and mean rating.
  private let pairs: [[[(score: Score, truth: Double)]]]

  init(_ all: [Judgement]) {
    let rated = all.filter { $0.truth != nil }
    var names: [String] = [], places: [String: Int] = [:]
    for judgement in rated {
      if !names.contains(judgement.dimension) { names.append(judgement.dimension) }
      if places[judgement.clip] == nil { places[judgement.clip] = places.count }
    }
    dimensions = names
    clips = places.count
    judgements = names.map { name in rated.filter { $0.dimension == name } }
    pairs = judgements.map { list in
      var byClip = Array(repeating: [(score: Score, truth: Double)](), count: places.count)
      for judgement in list {
        guard let place = places[judgement.clip], let truth = judgement.truth,
          let score = judgement.score
        else { continue }
        byClip[place].append((score, truth))
      }
      return byClip
    }
  }

  /// What the statistics' rows are called.
  var rows: [String] { dimensions + ["macro", "pooled"] }

  /// For each row the statistics of `kind`'s scores, over the clips `drawn` (all by default).
  func statistics(_ kind: Kind, drawn: [Int]? = nil) -> [[Statistic]] {
    let drawn = drawn ?? Array(0..<clips)
    let columns = pairs.map { byClip -> (scores: [Double], truths: [Double]) in
      let chosen = drawn.flatMap { byClip[$0] }
      return (chosen.map { kind.of($0.score) }, chosen.map(\.truth))
    }
    let each = columns.map { Agreement.all($0.scores, $0.truths) }
    let pooled = Agreement.all(columns.flatMap(\.scores), columns.flatMap(\.truths))
    return each + [Self.macro(each), pooled]
  }

  /// For each row the statistics of an annotator against the mean of the others, averaged over the
  /// annotators, who are told apart by their place in the list: what a person reaches.
  func human() -> [[Statistic]] {
    let each = judgements.map(Self.human)
    return each + [Self.macro(each), Self.human(judgements.flatMap(\.self))]
  }

  /// For each row the errors of always saying the dimension's mean rating: no constant has a lower
  /// RMSE. Correlations with a constant are undefined.
  func constant() -> [[Statistic]] {
    let truths = judgements.map { $0.compactMap(\.truth) }
    let guesses = truths.map { Array(repeating: Correlation.mean($0), count: $0.count) }
    let each = zip(guesses, truths).map(Self.errors)
    let pooled = Self.errors(guesses.flatMap(\.self), truths.flatMap(\.self))
    return each + [Self.macro(each), pooled]
  }

  private static func errors(_ guesses: [Double], _ truths: [Double]) -> [Statistic] {
    let none = Statistic.undefined("a constant has no correlation")
    return [
      none, none, none, none, Agreement.meanAbsoluteError(guesses, truths),
      Agreement.rootMeanSquareError(guesses, truths),
    ]
  }

  private static func macro(_ each: [[Statistic]]) -> [Statistic] {
    Agreement.names.indices.map { index in Statistic.mean(each.map { $0[index] }) }
  }

  private static func human(_ judgements: [Judgement]) -> [Statistic] {
    let annotators = judgements.map(\.ratings.count).max() ?? 0
    let each = (0..<annotators).compactMap { annotator -> [Statistic]? in
      var own: [Double] = [], others: [Double] = []
      for ratings in judgements.map(\.ratings) where annotator < ratings.count {
        let rest = ratings.indices.filter { $0 != annotator }.compactMap { ratings[$0] }
        guard let rating = ratings[annotator], !rest.isEmpty else { continue }
        own.append(rating)
        others.append(Correlation.mean(rest))
      }
      return own.isEmpty ? nil : Agreement.all(own, others)
    }
    guard !each.isEmpty else {
      let none = Statistic.undefined("no clip has two annotators or more")
      return Agreement.names.map { _ in none }
    }
    return macro(each)
  }
}
