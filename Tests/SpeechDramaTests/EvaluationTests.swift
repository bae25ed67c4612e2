import TaskKit
import Testing

@testable import SpeechDrama

@Suite struct EvaluationTests {
  static let scale = (1...5).map(String.init)

  /// A row that asks for `dimensions`, whose first annotator gives `ratings`, the second one more.
  static func row(
    _ index: Int, clip: String? = nil, _ questions: [(String, [Double?])],
    text: String = "", scores: [Double] = [], high: Int = 5
  ) throws -> Prediction {
    let low = high == 1 ? 0 : 1
    let metadata = RowMetadata(
      id: "r\(index)", clip: clip ?? "c\(index).wav", dataset: "ROLE",
      questions: questions.map { name, ratings in
        .init(
          dimension: name, tag: name.uppercased(), ratings: ratings, low: low, high: high)
      })
    let example = Example(
      turns: [.user("?")], metadata: try JSON(encoding: metadata),
      choices: (low...high).map(String.init))
    return Prediction(index: index, text: text, example: example, choiceLogLikelihoods: scores)
  }

  /// Log-likelihoods whose softmax is nearly all on `score`.
  static func sure(_ score: Int, of count: Int = 5, low: Int = 1) -> [Double] {
    (low..<(low + count)).map { $0 == score ? -0.5 : -60 }
  }

  let evaluator = DramaEvaluator(seed: 1)

  @Test func expectedAndLikelyScoresFollowFromTheChoices() throws {
    let half = [-9.0, -9, -9, -1, -1]
    let score = try #require(Score(logLikelihoods: half, low: 1))
    #expect(abs(score.expected - 4.4979) < 1e-3 && score.likely == 4)
    #expect(Score(logLikelihoods: [.nan, 1], low: 0) == nil)
    #expect(Score(logLikelihoods: [-Double.infinity, 0], low: 0)?.expected == 1)
  }

  @Test func aPerfectJudgeOfTwoDimensions() throws {
    let rows = try (0..<10).map { index in
      let a = index % 5 + 1, b = 5 - index % 4
      return try Self.row(
        index, [("a", [Double(a), Double(a)]), ("b", [Double(b), nil, Double(b)])],
        scores: Self.sure(a) + Self.sure(b))
    }
    let report = try evaluator.evaluate(rows)
    #expect(report.count == 10 && report.primary == "pearson_macro")
    for name in ["pearson_macro", "kendall_pooled", "kappa_macro", "likely_spearman_macro"] {
      #expect(abs(try #require(report[name]?.value) - 1) < 1e-9, "\(name)")
    }
    #expect(try #require(report["mae_macro"]?.value) < 1e-9)
    #expect(report["unparsed"]?.value == 0 && report["pearson_macro"]?.low != nil)
    let human = try #require(report.baselines.first { $0.name == "human" })
    #expect(abs(try #require(human.metrics["pearson_macro"]) - 1) < 1e-9)
    let constant = try #require(report.baselines.first { $0.name == "constant" })
    #expect(constant.metrics["pearson_macro"] == nil)
    #expect(abs(try #require(constant.metrics["mae_macro"]) - (1.2 + 0.96) / 2) < 1e-9)
    let summary = try #require(report.tables.first { $0.name == "evaluation_summary" })
    #expect(
      summary.rows.map { $0[0] } == [.text("a"), .text("b"), .text("macro"), .text("pooled")])
    #expect(summary.rows.allSatisfy { $0.count == summary.columns.count })
    #expect(report.charts.count == 5)
  }

  /// Macro is the mean over dimensions; pooling mixes in what separates them.
  @Test func macroAndPooledDiffer() throws {
    let rows = try (0..<4).flatMap { index in
      let up = index + 1
      return [
        try Self.row(index, [("a", [Double(up)])], scores: Self.sure(up)),
        try Self.row(index + 4, [("b", [Double(up)])], scores: Self.sure(5 - up)),
      ]
    }
    let report = try evaluator.evaluate(rows)
    #expect(abs(try #require(report["pearson_macro"]?.value)) < 1e-9)
    #expect(abs(try #require(report["pearson_pooled"]?.value)) < 1e-9)
    #expect(report["mae_pooled"]?.count == 8)
    #expect(report.baselines.first { $0.name == "human" } == nil)
  }

  @Test func generatedAnswersAreReadAndUnreadOnesCounted() throws {
    let answers = [
      "<answer>4</answer>", "<think>3</think> <answer> 2 </answer>.", "5</answer>", "3", "four",
      "<answer>6</answer>", "<answer>4 or 5</answer>",
    ]
    let rows = try answers.enumerated().map { index, text in
      try Self.row(index, [("a", [[4, 2, 5, 3, 1, 1, 1][index]])], text: text)
    }
    let report = try evaluator.evaluate(rows)
    #expect(abs(try #require(report["unparsed"]?.value) - 3.0 / 7) < 1e-12)
    #expect(report.details["counts"]?["unparsed"]?.int == 3)
    #expect(abs(try #require(report["pearson_macro"]?.value) - 1) < 1e-12)
    #expect(report["mae_macro"]?.value == 0)
    let all = try Self.row(
      0, [("a", [4]), ("b", [2]), ("c", [1])], text: "<answer>[B]2[A] 4[C]9</answer>")
    let list = try Judgement.list(all, all.metadata.decoded())
    #expect(list.map { $0.score?.likely } == [4, 2, nil])
  }

  @Test func tinySetsEvaluate() throws {
    let one = try evaluator.evaluate([Self.row(0, [("a", [3, 4])], scores: Self.sure(3))])
    #expect(one.primary == "negative_mae_macro")
    #expect(abs(try #require(one["negative_mae_macro"]?.value) + 0.5) < 1e-9)
    #expect(one["pearson_macro"] == nil && one["mae_macro"]?.low == nil)
    #expect(
      one.details["undefined"]?["pearson_macro"]?.string
        == "a correlation needs 2 pairs or more, not 1")
    let unread = try evaluator.evaluate([Self.row(0, [("a", [3])], text: "?")])
    #expect(unread.primary == "parsed" && unread["parsed"]?.value == 0)
    let unrated = try evaluator.evaluate([Self.row(0, [("a", [nil])], scores: Self.sure(3))])
    #expect(unrated.primary == "parsed" && unrated.details["counts"]?["unrated"]?.int == 1)
    #expect(try evaluator.evaluate([]).primary == "parsed")
  }

  @Test func contentPassIsDecidedByMajority() throws {
    let cases: [([Double?], Int?)] = [
      ([1, 1, 0], 1), ([1, nil, 1], 0), ([0, 0, 1], 0), ([0, 0, 0], 1), ([1, 0], 1), ([0], nil),
    ]
    let rows = try cases.enumerated().map { index, row in
      try Self.row(
        index, [("content_pass", row.0)], text: "no idea",
        scores: row.1.map { Self.sure($0, of: 2, low: 0) } ?? [], high: 1)
    }
    let report = try evaluator.evaluate(rows)
    #expect(report.primary == "content_pass_accuracy")
    #expect(report["content_pass_accuracy"]?.value == 0.4)
    #expect(report["content_pass_precision"]?.value == 1.0 / 3)
    #expect(report["content_pass_auc"]?.value == 0.5)
    #expect(report.details["counts"]?["content_pass_ties"]?.int == 1)
    let constant = try #require(report.baselines.first { $0.name == "constant" })
    #expect(constant.metrics["content_pass_accuracy"] == 0.6)
  }

  @Test func multipleChoiceByCategory() throws {
    func row(_ index: Int, _ category: String, _ text: String, _ scores: [Double]) throws
      -> Prediction
    {
      let metadata = RowMetadata(
        id: "\(index)", clip: "\(index)", dataset: "AVQA", correct: 1, category: category)
      let example = Example(
        turns: [], metadata: try JSON(encoding: metadata),
        choices: ["A dog", "A cat", "Rain", "Wind"])
      return Prediction(
        index: index, text: text, example: example, choiceLogLikelihoods: scores)
    }
    let report = try evaluator.evaluate([
      row(0, "sound", "", [-2, -1, -3, -4]), row(1, "sound", "", [-1, -2, -3, -4]),
      row(2, "music", "<answer>a cat</answer>", []), row(3, "music", "cat?", []),
    ])
    #expect(report.primary == "accuracy" && report["accuracy"]?.value == 0.5)
    #expect(report["accuracy.sound"]?.value == 0.5 && report["accuracy.music"]?.count == 2)
    #expect(report["unparsed"]?.value == 0.25)
    let chance = try #require(report.baselines.first { $0.name == "chance" })
    #expect(chance.metrics["accuracy"] == 0.25)
  }

  @Test func faultsNameTheRow() throws {
    let short = try Self.row(7, [("a", [3])], scores: [-1, -2])
    let error = #expect(throws: PluginError.self) { try evaluator.evaluate([short]) }
    #expect(error?.message == "row 7 (record 'r7') has 2 log-likelihoods for 5 choices")
    let broken = try Self.row(8, [("a", [3])], scores: [.nan, 0, 0, 0, 0])
    #expect(throws: PluginError.self) { try evaluator.evaluate([broken]) }
    let bare = Prediction(index: 9, text: "", example: Example(turns: [.user("?")]))
    #expect(throws: PluginError.self) { try evaluator.evaluate([bare]) }
  }
}
