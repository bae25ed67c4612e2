import TaskKit

/// An answer with a label as the metrics need it.
struct JudgedAnswer {
  let isWanted: Bool
  let length: TextLength
  /// How likely the answer is, under the model and under the run's reference, if it has one; or a reward
  /// model's score.
  let policy: Double, reference: Double?
  let isScored: Bool

  init(_ prediction: Prediction, _ row: RowMetadata) throws {
    guard let log = prediction.scoredAnswer ?? prediction.labeled,
      let label = prediction.example.label,
      let facts = row.answer
    else { throw PluginError(.internal, "row \(prediction.index): the answer has no description") }
    isScored = prediction.scoredAnswer != nil
    guard prediction.numbers.allSatisfy(\.isFinite) else {
      throw PluginError.broken(prediction)
    }
    isWanted = label
    length = facts.length
    (policy, reference) = (log.answer, log.reference)
  }

  /// How much likelier the answer has become; without a reference how likely it is, or its score.
  var reward: Double { policy - (reference ?? 0) }

  /// The reward, taken against an answer that is not wanted.
  var margin: Double { isWanted ? reward : -reward }
}

/// The report on answers with a label: how well the model's rewards tell wanted ones from others.
struct LabelReport {
  private let answers: [JudgedAnswer]
  private let written: WrittenAnswers
  private let means: ClusteredMeans
  private let numbers: ModelNumbers
  private var hasReference: Bool { numbers == .rewards }

  init(_ answers: [JudgedAnswer], _ written: WrittenAnswers, _ means: ClusteredMeans) {
    (self.answers, self.written, self.means) = (answers, written, means)
    numbers =
      answers.allSatisfy(\.isScored)
      ? .scores : answers.allSatisfy { $0.reference != nil } ? .rewards : .logProbabilities
  }

  var report: Report {
    Report(
      count: answers.count, primary: numbers.name(auc(\.reward) == nil ? "margin" : "auc"),
      metrics: metrics, baselines: baselines, details: details, charts: [chart],
      clusters: means.names)
  }

  private func auc(_ score: (JudgedAnswer) -> Double) -> Double? {
    Ranking(answers.map { (score($0), $0.isWanted) }).auc()
  }

  private typealias Named = (name: String, measure: Measure)

  private func area(_ name: String, _ score: (JudgedAnswer) -> Double) -> Named? {
    let ranking = Ranking(answers.map { (score($0), $0.isWanted) })
    return ranking.auc().map { area in
      let interval = means.interval { ranking.auc(times: $0) }
      let measure = Measure(
        area, low: interval?.low, high: interval?.high, count: answers.count)
      return (name, measure)
    }
  }

  private var metrics: [(name: String, measure: Measure)] {
    func column(_ isWanted: Bool, _ value: (JudgedAnswer) -> Double) -> [Double?] {
      answers.map { $0.isWanted == isWanted ? value($0) : nil }
    }
    var columns: [(name: String, values: [Double?])] = []
    if hasReference {
      columns += [
        ("accuracy", answers.map { JudgedPair.wins($0.margin) }),
        ("margin", answers.map(\.margin)),
        ("reward/wanted", column(true, \.reward)), ("reward/unwanted", column(false, \.reward)),
      ]
    }
    let noun = numbers == .scores ? "score" : "log_p"
    columns += [
      (
        numbers == .scores ? "margin" : "margin_log_p",
        answers.map { $0.isWanted ? $0.policy : -$0.policy }
      ),
      ("\(noun)/wanted", column(true, \.policy)), ("\(noun)/unwanted", column(false, \.policy)),
    ]
    let areas = [
      hasReference ? area("auc", \.reward) : nil,
      area(numbers == .scores ? "auc" : "auc_log_p", \.policy),
    ]
    let measured = zip(columns, means.measures(columns.map(\.values))).compactMap {
      column, measure in measure.map { (name: column.name, measure: $0) }
    }
    return areas.compactMap(\.self) + measured + (written.isThere ? written.metrics(means) : [])
  }

  private var baselines: [(name: String, metrics: [String: Double])] {
    func rule(
      _ rule: String, _ score: (JudgedAnswer) -> Double
    ) -> (name: String, metrics: [String: Double])? {
      auc(score).map { (rule, [numbers.name("auc"): $0]) }
    }
    let wanted = answers.count(where: \.isWanted)
    let majority = Double(max(wanted, answers.count - wanted)) / Double(answers.count)
    let rules = [
      rule("longer") { Double($0.length.characters) },
      rule("shorter") { -Double($0.length.characters) },
      hasReference ? rule("reference") { $0.reference ?? 0 } : nil,
    ].compactMap(\.self)
    let lengths = [("wanted", true), ("unwanted", false)].compactMap { name, isWanted in
      let lengths = answers.filter { $0.isWanted == isWanted }.map(\.length)
      return lengths.isEmpty ? nil : (name: name, metrics: WrittenAnswers.lengths(lengths))
    }
    return rules + [("majority", hasReference ? ["accuracy": majority] : [:])] + lengths
  }

  private var details: JSON {
    var definitions: JSON.Members = [
      "longer": "the longer an answer, the better", "shorter": "the shorter an answer, the better",
      "majority": "every answer has the more frequent label",
    ]
    if numbers == .scores {
      definitions["auc"] =
        "how often a wanted answer has a higher score than another, equal ones counted as half"
      definitions["margin"] = "mean score, with a minus where the answer is not wanted"
    } else {
      definitions["auc_log_p"] =
        "how often a wanted answer is likelier than another, equal ones counted as half"
      definitions["margin_log_p"] =
        "mean log-probability, with a minus where the answer is not wanted, in nats"
    }
    if hasReference {
      definitions["reward"] =
        "log p(answer) - log p_reference(answer): KTO's and DPO's without its factor beta"
      definitions["auc"] = "how often a wanted answer has a higher reward than another"
      definitions["margin"] = "mean reward, with a minus where the answer is not wanted, in nats"
      definitions["accuracy"] =
        "share of answers whose reward has the label's sign; 0 counts as half"
      definitions["reference"] = "the likelier under the reference model, the better"
    }
    if written.isThere {
      for (name, text) in WrittenAnswers.definitions { definitions[name] = text }
    }
    var members: JSON.Members = [
      "reference": .bool(hasReference), "wanted": .int(answers.count(where: \.isWanted)),
      "definitions": .object(definitions), "interval": means.note, "words": .string(Words.note),
    ]
    if auc(\.reward) == nil {
      members["undefined"] = ["auc": "both wanted and other answers are needed"]
    }
    return .object(members)
  }

  /// The rewards of both kinds of answers.
  private var chart: Chart {
    let all = Histogram(answers.map(\.reward), bars: 12)
    let series = [("wanted", true), ("unwanted", false)].map { name, isWanted in
      let values = all.counts(of: answers.filter { $0.isWanted == isWanted }.map(\.reward))
      return Chart.Bars.Series(name: name, values: values.map(Double.init))
    }
    return Chart(
      title: numbers == .scores ? "Scores of the answers" : "Rewards of the answers",
      caption: "The number below two bars is the least "
        + (numbers == .scores ? "score in them." : "reward in them, in nats."),
      content: .histogram(
        Chart.Bars(categories: all.names, series: series, value: .init("answers", low: 0))))
  }
}
