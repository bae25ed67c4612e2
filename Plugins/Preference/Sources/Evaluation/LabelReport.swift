import TaskKit

/// An answer with a label as the metrics need it.
struct JudgedAnswer {
  let isWanted: Bool
  let length: TextLength
  /// How likely the answer is, under the model and under the run's reference, if it has one.
  let policy: Double, reference: Double?

  init(_ prediction: Prediction, _ row: RowMetadata) throws {
    guard let log = prediction.labeled, let label = prediction.example.label,
      let facts = row.answer
    else { throw PluginError(.internal, "row \(prediction.index): the answer has no description") }
    guard prediction.choiceLogLikelihoods.allSatisfy(\.isFinite) else {
      throw PluginError.broken(prediction)
    }
    isWanted = label
    length = facts.length
    (policy, reference) = (log.answer, log.reference)
  }

  /// How much likelier the answer has become; without a reference how likely it is.
  var reward: Double { policy - (reference ?? 0) }

  /// The reward, taken against an answer that is not wanted.
  var margin: Double { isWanted ? reward : -reward }
}

/// The report on answers with a label: how well the model's rewards tell wanted ones from others.
struct LabelReport {
  private let answers: [JudgedAnswer]
  private let written: WrittenAnswers
  private let means: ClusteredMeans
  private let hasReference: Bool

  init(_ answers: [JudgedAnswer], _ written: WrittenAnswers, _ means: ClusteredMeans) {
    (self.answers, self.written, self.means) = (answers, written, means)
    hasReference = answers.allSatisfy { $0.reference != nil }
  }

  var report: Report {
    let area = auc(\.reward)
    return Report(
      count: answers.count, primary: area == nil ? "margin" : "auc", metrics: metrics(area),
      baselines: baselines, details: details(area), charts: [chart], clusters: means.names)
  }

  private func ranking(_ score: (JudgedAnswer) -> Double) -> Ranking {
    Ranking(answers.map { (score($0), $0.isWanted) })
  }

  private func auc(_ score: (JudgedAnswer) -> Double) -> Double? { ranking(score).auc() }

  private func metrics(_ area: Double?) -> [(name: String, measure: Measure)] {
    var metrics: [(name: String, measure: Measure)] = []
    if let area {
      let ranking = ranking(\.reward), interval = means.interval { ranking.auc(times: $0) }
      let measure = Measure(
        area, low: interval?.low, high: interval?.high, count: answers.count)
      metrics.append(("auc", measure))
    }
    func column(_ isWanted: Bool, _ value: (JudgedAnswer) -> Double) -> [Double?] {
      answers.map { $0.isWanted == isWanted ? value($0) : nil }
    }
    var columns: [(name: String, values: [Double?])] = [("margin", answers.map(\.margin))]
    if hasReference {
      columns += [
        ("accuracy", answers.map { JudgedPair.wins($0.margin) }),
        ("reward/wanted", column(true, \.reward)), ("reward/unwanted", column(false, \.reward)),
      ]
    }
    columns += [
      ("log_p/wanted", column(true, \.policy)), ("log_p/unwanted", column(false, \.policy)),
    ]
    metrics += zip(columns, means.measures(columns.map(\.values))).compactMap { column, measure in
      measure.map { (column.name, $0) }
    }
    return metrics + (written.isThere ? written.metrics(means) : [])
  }

  private var baselines: [(name: String, metrics: [String: Double])] {
    func rule(
      _ name: String, _ score: (JudgedAnswer) -> Double
    ) -> (name: String, metrics: [String: Double])? {
      auc(score).map { (name, ["auc": $0]) }
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

  private func details(_ area: Double?) -> JSON {
    var definitions: JSON.Members = [
      "margin": "mean reward, taken with a minus where the answer is not wanted, in nats",
      "reward": .string(
        hasReference
          ? "log p(answer)/p_reference(answer): KTO's and DPO's reward without its factor beta"
          : "log p(answer), without a reference model"),
      "auc": "how often a wanted answer's reward is above another's, ties counted as half",
      "longer": "the longer an answer, the better", "shorter": "the shorter an answer, the better",
      "majority": "every answer has the more frequent label",
    ]
    if hasReference {
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
    if area == nil {
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
      title: "Rewards of the answers",
      caption: "A pair of bars begins at the reward, in nats, below its left end.",
      content: .histogram(
        Chart.Bars(categories: all.names, series: series, value: .init("answers", low: 0))))
  }
}
