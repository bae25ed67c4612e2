import TaskKit
import Testing

@testable import Preference

/// The report's numbers against those worked out by hand.
@Suite struct EvaluatorTests {
  /// A pair of these texts with log-probabilities: chosen, rejected, and the reference's two.
  static func prediction(
    _ index: Int, _ chosen: String, _ rejected: String, _ log: [Double], prompt: String? = nil,
    source: String = "s", text: String = ""
  ) -> Prediction {
    let id = prompt ?? "p\(index)"
    let facts = [chosen, rejected].map {
      RowMetadata.Facts(Answer(turns: [.assistant($0)]))
    }
    let row = RowMetadata(source: source, prompt_id: id, chosen: facts[0], rejected: facts[1])
    return Prediction(
      index: index, text: text,
      example: Example(
        turns: [.user(id)], metadata: ["preference": row.json], chosen: [.assistant(chosen)],
        rejected: [.assistant(rejected)]), choiceLogLikelihoods: log)
  }

  static func answer(_ index: Int, _ text: String, _ isWanted: Bool, _ log: [Double]) -> Prediction
  {
    let facts = RowMetadata.Facts(Answer(turns: [.assistant(text)]))
    let row = RowMetadata(source: "s", prompt_id: "p\(index)", answer: facts)
    return Prediction(
      index: index, text: "",
      example: Example(
        turns: [.user("q"), .assistant(text)], metadata: ["preference": row.json], label: isWanted),
      choiceLogLikelihoods: log)
  }

  private func report(_ predictions: [Prediction], seed: UInt64 = 1) throws -> Report {
    try PreferenceEvaluator(config: PreferenceConfig(seed: seed), split: .validation, host: .none)
      .evaluate(predictions)
  }

  private func close(_ value: Double?, _ expected: Double) -> Bool {
    value.map { abs($0 - expected) < 1e-12 } ?? false
  }

  /// Rewards of chosen and rejected: (2, -1), (-1, 1), (0, 0), (4, 1); margins 3, -2, 0, 3.
  private static let pairs = [
    prediction(0, "yes", "no no no", [-3, -6, -5, -5], source: "b"),
    prediction(1, "a long answer", "short", [-9, -4, -8, -5], source: "a"),
    prediction(2, "same len", "same length", [-7, -7, -7, -7], source: "a"),
    prediction(3, "two words", "two more!", [-2, -5, -6, -6], source: "b"),
  ]

  @Test func rewardsAgainstAReference() throws {
    let report = try report(Self.pairs)
    #expect(report.primary == "accuracy" && report.count == 4)
    // Two margins above 0, one at 0, which counts as half.
    #expect(close(report["accuracy"]?.value, 2.5 / 4))
    #expect(close(report["margin"]?.value, 4.0 / 4))
    #expect(close(report["reward/chosen"]?.value, (2 - 1 + 0 + 4) / 4.0))
    #expect(close(report["reward/rejected"]?.value, (-1 + 1 + 0 + 1) / 4.0))
    #expect(close(report["accuracy_log_p"]?.value, (1 + 0 + 0.5 + 1) / 4.0))
    // Per character: -3/3 < -6/8 loses; -9/13 > -4/5 wins; -7/8 < -7/11 loses; -2/9 > -5/9 wins.
    #expect(close(report["accuracy_log_p_per_character"]?.value, 2.0 / 4))
    #expect(close(report["log_p/chosen"]?.value, -21.0 / 4))
    #expect(close(report["log_p/rejected"]?.value, -22.0 / 4))
    #expect(report["answer/words"] == nil, "nothing was written")
    #expect(report.clusters == ["p0", "p1", "p2", "p3"])
    #expect(report.details["ties"] == 1 && report.details["reference"] == true)
  }

  /// A reward model's scores of the same pairs: margins 3, -2, 0, 3.
  @Test func scoresOfARewardModel() throws {
    let scores: [[Double]] = [[2, -1], [-1, 1], [0, 0], [4, 1]]
    let pairs = zip(Self.pairs, scores).map { pair, scores in
      var pair = pair
      (pair.choiceLogLikelihoods, pair.scores) = ([], scores)
      return pair
    }
    let report = try report(pairs), likely = try self.report(Self.pairs)
    #expect(report.primary == "accuracy" && report.details["reference"] == false)
    for name in ["accuracy", "margin"] { #expect(report[name] == likely[name]) }
    #expect(report.metrics.map(\.name) == ["accuracy", "margin", "score/chosen", "score/rejected"])
    #expect(close(report["score/chosen"]?.value, 5.0 / 4))
    #expect(close(report["score/rejected"]?.value, 1.0 / 4))
    #expect(report.tables == likely.tables && report.charts.count == likely.charts.count)
    #expect(report.baselines.map(\.name) == ["longer", "shorter", "random", "chosen", "rejected"])
    var answers = [Self.answer(0, "a", true, []), Self.answer(1, "b", false, [])]
    for (index, score) in [2.5, -1].enumerated() { answers[index].scores = [score] }
    let labels = try self.report(answers)
    #expect(labels.primary == "auc" && close(labels["auc"]?.value, 1))
    #expect(close(labels["score/wanted"]?.value, 2.5) && close(labels["margin"]?.value, 1.75))
    answers[0].scores = [.nan]
    let error = #expect(throws: PluginError.self) { try self.report(answers) }
    #expect(error?.message.hasPrefix("row 0: the scores are [nan]; the model is broken") == true)
  }

  @Test func rulesWithoutTheModel() throws {
    let rules = try report(Self.pairs).baselines
    func accuracy(_ name: String) -> Double? {
      rules.first { $0.name == name }?.metrics["accuracy"]
    }
    // Characters: 3 and 8, 13 and 5, 8 and 11, 9 and 9.
    #expect(accuracy("longer") == 1.5 / 4 && accuracy("shorter") == 2.5 / 4)
    // The reference: -5 -5, -8 -5, -7 -7, -6 -6.
    #expect(close(accuracy("reference"), 1.5 / 4))
    // -5/3 < -5/8; -8/13 > -5/5; -7/8 < -7/11; -6/9 = -6/9.
    #expect(close(accuracy("reference_per_character"), 1.5 / 4))
    #expect(accuracy("random") == 0.5)
    let lengths = rules.first { $0.name == "chosen" }?.metrics
    #expect(lengths?["answer/words"] == 2 && lengths?["answer/characters"] == 33.0 / 4)
    #expect(rules.first { $0.name == "rejected" }?.metrics["answer/words"] == 2)
  }

  @Test func withoutAReferenceTheLikelierAnswerIsPreferred() throws {
    let report = try report(
      Self.pairs.map { pair in
        var pair = pair
        pair.choiceLogLikelihoods.removeLast(2)
        return pair
      })
    #expect(report.primary == "accuracy_log_p")
    #expect(close(report["accuracy_log_p"]?.value, 2.5 / 4))
    #expect(close(report["margin_log_p"]?.value, (3 - 5 + 0 + 3) / 4.0))
    #expect(report["reward/chosen"] == nil && report["accuracy"] == nil)
    #expect(report.baselines[0].metrics == ["accuracy_log_p": 1.5 / 4])
    #expect(!report.baselines.contains { $0.name == "reference" })
    #expect(report.details["reference"] == false)
  }

  @Test func groupsByLengthAndSource() throws {
    let tables = try report(Self.pairs).tables
    #expect(tables.map(\.name) == ["by_length", "by_source"])
    func row(_ table: Int, _ index: Int) -> [Table.Cell] { tables[table].rows[index] }
    // 3 and 8, 8 and 11 characters; 9 and 9; 13 and 5.
    #expect(row(0, 0)[0...2] == [.text("chosen shorter"), .number(2), .number(0.75)])
    #expect(row(0, 0)[5] == .number(1.5) && row(0, 0)[8] == .number(0))
    #expect(row(0, 1)[0...2] == [.text("similar"), .number(1), .number(1)])
    #expect(row(0, 2)[0...2] == [.text("chosen longer"), .number(1), .number(0)])
    #expect(row(0, 2)[5] == .number(-2))
    #expect(row(1, 0)[0...2] == [.text("a"), .number(2), .number(0.25)])
    #expect(row(1, 1)[0...2] == [.text("b"), .number(2), .number(1)])
    let one = try report(Array(Self.pairs[1...2]))
    #expect(one.tables.map(\.name) == ["by_length"])
    #expect(one.tables[0].rows[1][2] == .absent, "no pair of similar lengths")
  }

  @Test func manySourcesAreTheMostFrequentAndTheRest() throws {
    let pairs = (0..<60).map { index in
      Self.prediction(index, "a", "b", [-1, -2], source: "s\(index < 12 ? 0 : index)")
    }
    let rows = try #require(try report(pairs).tables.last?.rows)
    #expect(rows.count == 21 && rows.first?[0...1] == [.text("s0"), .number(12)])
    #expect(rows.last?[0...1] == [.text("(other sources)"), .number(29)])
  }

  @Test func intervalsDrawPromptsAsAWhole() throws {
    let separate = (0..<40).map { index in
      Self.prediction(index, "a", "b", [index % 4 == 0 ? -3 : -1, -2])
    }
    let shared = (0..<40).map { index in
      Self.prediction(index, "a", "b", [index / 10 == 0 ? -3 : -1, -2], prompt: "p\(index / 10)")
    }
    let (one, other) = (try report(separate), try report(shared))
    func width(_ report: Report) throws -> Double {
      let accuracy = try #require(report["accuracy_log_p"])
      #expect(accuracy.value == 0.75 && accuracy.count == 40)
      return try #require(accuracy.high) - #require(accuracy.low)
    }
    #expect((0.2...0.35).contains(try width(one)))
    #expect(try width(other) > 0.5, "four prompts are four draws")
    #expect(try report(separate).json == one.json && report(separate, seed: 2).json != one.json)
  }

  @Test func whatTheModelWritesIsMeasured() throws {
    let written = [
      Self.prediction(0, "yes it is", "no", [-1, -2], text: "yes it is so"),
      Self.prediction(1, "good", "bad thing", [-1, -2], text: " bad thing "),
      Self.prediction(2, "a", "b", [-1, -2], text: "c"),
    ]
    let report = try report(written)
    #expect(close(report["answer/words"]?.value, (4 + 2 + 1) / 3.0))
    #expect(close(report["answer/characters"]?.value, (12 + 9 + 1) / 3.0))
    #expect(close(report["answer/token_f1"]?.value, (6.0 / 7) / 3))
    #expect(close(report["answer/closer_to_chosen"]?.value, (1 + 0 + 0.5) / 3))
    let alone = try self.report(
      written.map { prediction in
        var prediction = prediction
        prediction.choiceLogLikelihoods = []
        return prediction
      })
    #expect(alone.primary == "answer/closer_to_chosen" && alone["accuracy_log_p"] == nil)
    #expect(alone.baselines.map(\.name) == ["chosen", "rejected"])
  }

  @Test func theMarginsAreDrawn() throws {
    let charts = try report(Self.pairs).charts
    #expect(
      charts.map(\.title) == [
        "Margins of the pairs", "Accuracy by length", "Margin against length",
      ])
    guard case .histogram(let bars) = charts[0].content else { throw PluginError(.internal, "") }
    // -2, 0, 3, 3 in ranges of a half.
    #expect(bars.categories.first == "-2.0" && bars.categories.last == "3.0")
    #expect(bars.series[0].values.compactMap(\.self).reduce(0, +) == 4)
    #expect(bars.series[0].values.last == 2.0)
    guard case .scatter(let scatter) = charts[2].content else { throw PluginError(.internal, "") }
    #expect(scatter.series[0].points.first == .init(-5, 3))
  }

  private static let ranges: [([Double], [String], [Int])] = [
    ([0, 0], ["0"], [2]), ([-0.3, 0.1, 0.1], ["-0.3", "-0.25"], [1]),
    ([1e9, 3e9], ["1000000000"], [1]), ([5], ["5"], [1]),
  ]

  @Test(arguments: ranges)
  func rangesAreRound(values: [Double], names: [String], counts: [Int]) {
    let histogram = Histogram(values, bars: 12)
    #expect(Array(histogram.names.prefix(names.count)) == names)
    #expect(Array(histogram.counts(of: values).prefix(counts.count)) == counts)
    #expect(
      histogram.counts(of: values).reduce(0, +) == values.count && histogram.names.count <= 12)
  }

  // MARK: Labels

  private static let answers = [
    answer(0, "fine", true, [-2, -5]), answer(1, "well", true, [-6, -5]),
    answer(2, "bad", false, [-7, -4]), answer(3, "worse", false, [-3, -3]),
  ]

  @Test func labelsAreToldApart() throws {
    // Rewards 3, -1 of wanted answers, -3, 0 of others: 3 of 4 comparisons are won.
    let report = try report(Self.answers)
    #expect(report.primary == "auc" && close(report["auc"]?.value, 3.0 / 4))
    #expect(close(report["accuracy"]?.value, (1 + 0 + 1 + 0.5) / 4.0))
    #expect(close(report["margin"]?.value, (3 - 1 + 3 - 0) / 4.0))
    #expect(
      close(report["reward/wanted"]?.value, 1) && close(report["reward/unwanted"]?.value, -1.5))
    #expect(close(report["log_p/wanted"]?.value, -4) && close(report["log_p/unwanted"]?.value, -5))
    let rules = Dictionary(uniqueKeysWithValues: report.baselines.map { ($0.name, $0.metrics) })
    // Characters 4, 4 of wanted, 3, 5 of others; the reference -5, -5 and -4, -3.
    #expect(rules["longer"]?["auc"] == 0.5 && rules["shorter"]?["auc"] == 0.5)
    #expect(rules["reference"]?["auc"] == 0 && rules["majority"]?["accuracy"] == 0.5)
    let bare = try self.report(
      Self.answers.map { answer in
        var answer = answer
        answer.choiceLogLikelihoods.removeLast()
        return answer
      })
    // -2, -6 against -7, -3.
    #expect(close(bare["auc_log_p"]?.value, 3.0 / 4) && bare["accuracy"] == nil)
    #expect(close(report["auc_log_p"]?.value, 3.0 / 4) && bare.primary == "auc_log_p")
  }

  @Test func ofOneKindOfLabelsTheMarginIsLeft() throws {
    for some in [Self.answers[0...1], Self.answers[2...3]] {
      let report = try report(Array(some))
      #expect(report.primary == "margin" && report["auc"] == nil)
      #expect(report.details["undefined"]?["auc"] != nil)
    }
  }

  // MARK: Faults

  private static let faults: [([Prediction], String)] = [
    ([], "there is no prediction to judge"),
    (
      [prediction(7, "a", "b", [-1, .nan])],
      "row 7: the log-probabilities are [-1.0, nan]; the model"
    ),
    (
      [prediction(0, "a", "b", [-1, -2]), answer(1, "a", true, [-1])],
      "row 0 is a pair with numbers of a model, row 1 is an answer with a label"
    ),
    (
      [prediction(0, "a", "b", [-1, -2]), prediction(1, "a", "b", [-1, -2, -1, -2])],
      "some rows have a reference model's log-probabilities, or a reward model's scores, and some have not"
    ),
    ([answer(0, "a", false, [])], "no row has a wanted answer to compare with"),
    (
      [Prediction(index: 3, text: "a", example: Example(turns: [.user("q")]))],
      "row 3 has no 'preference' in its metadata"
    ),
  ]

  @Test(arguments: faults)
  func aFaultIsNamed(predictions: [Prediction], sentence: String) {
    #expect {
      try report(predictions)
    } throws: {
      "\($0)".contains(sentence)
    }
  }

  @Test func oneRowOfAnyKindHasAReport() throws {
    for prediction in Self.pairs + Self.answers {
      let report = try report([prediction])
      let measure = try #require(report[report.primary])
      #expect(measure.value.isFinite && !measure.lowerIsBetter && measure.low == nil)
      #expect(!report.json.contains("nan") && !report.json.contains("inf"))
    }
  }

  @Test func rowsOfTheDatasetAreJudged() throws {
    let data = try dataset(pair() + "\n" + pair(prompt: "r", chosen: "a"))
    let predictions = try data.examples().enumerated().map { index, example in
      Prediction(index: index, text: "yes", example: example, choiceLogLikelihoods: [-1, -2])
    }
    let report = try report(predictions)
    #expect(
      report["accuracy_log_p"]?.value == 1 && report["answer/closer_to_chosen"]?.value == 0.75)
  }
}
