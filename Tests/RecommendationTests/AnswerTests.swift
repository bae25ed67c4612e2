import FoundationEssentials
import TaskKit
import Testing

@testable import Recommendation

@Suite struct AnswerTests {
  static let answers: [(String, Bool?)] = [
    ("Yes", true), ("no.", false), (" **Yes**, surely", true), ("NO", false), ("Yes!", true),
    ("I don't know", nil), ("I do not know.", nil), ("", nil), ("know", nil), ("Yesterday", nil),
    ("The answer is yes.", true), ("My answer: No", false), ("Either yes or no", nil),
    ("No, though some would say yes", false), ("yes yes", true), ("'Yes'", true),
    ("<think>No, it is bad.</think>Yes", true), ("<think>\n\n</think>\n\nNo", false),
    ("<think>yes", nil), ("Hm <think>yes</think> <think>no", nil), ("no</think>\nYes", true),
    ("<think>a</think><think>no</think>Yes", true), ("It has nothing to notice", nil),
    ("I don’t know", nil), ("Ja", nil),
  ]

  @Test(arguments: answers)
  func oneReaderForAllAnswers(text: String, expected: Bool?) {
    #expect(AnswerText(text).answer == expected)
  }

  // MARK: Metrics

  private func prediction(
    _ index: Int, liked: Bool, text: String = "", scores: [Double] = [],
    _ more: [String: JSON] = [:]
  ) -> Prediction {
    let metadata = more.merging(["label": liked ? "Yes" : "No"]) { $1 }
    let example = Example(turns: [], metadata: .object(metadata), choices: ["Yes", "No"])
    return Prediction(index: index, text: text, example: example, choiceLogLikelihoods: scores)
  }

  private func report(_ predictions: [Prediction]) throws -> Report {
    try AnswerEvaluator(configuration: [:], split: .test).evaluate(predictions)
  }

  @Test(arguments: Golden.all.scores.indices)
  func metricsAreScikitLearns(index: Int) throws {
    let golden = Golden.all.scores[index]
    let rows = golden.odds.indices.map { row in
      prediction(row, liked: golden.liked[row], scores: [golden.odds[row] - 1, -1])
    }
    let report = try report(rows)
    let expected = [
      "accuracy": golden.accuracy, "f1": golden.f1, "precision": golden.precision,
      "recall": golden.recall, "unknown": golden.unknown, "roc_auc": golden.roc_auc,
      "ece": golden.ece, "brier": golden.brier,
    ]
    #expect(report.metrics.map(\.name) == Tally.names)
    for (name, value) in expected {
      let measure = try #require(report[name])
      #expect(abs(measure.value - value) < 1e-12, "\(name)")
      let low = try #require(measure.low), high = try #require(measure.high)
      #expect(low <= high)
      // The expected calibration error is biased upwards, the more the fewer rows.
      if name != "ece" { #expect((low...high).contains(value), "\(name)") }
    }
    #expect(Set(report.tables.map(\.name)) == ["confusion", "baselines", "reliability", "roc"])
    #expect(report.charts.count == 4)
    let reliability = try #require(report.tables.first { $0.name == "reliability" })
    let counts = reliability.rows.map { row -> Double in
      if case .number(let count) = row[2] { count } else { 0 }
    }
    #expect(counts.reduce(0, +) == Double(rows.count))
  }

  @Test func unknownAnswersAreErrorsAndMisses() throws {
    let said = ["Yes", "Yes", "No", "I don't know", "Yes", "No", "perhaps", "no"]
    let report = try report(
      said.enumerated().map { prediction($0, liked: $0 < 4, text: $1) })
    // Of 4 liked rows 2 are found; of 4 others 2 are rejected.
    #expect(report["accuracy"]?.value == 0.5)
    #expect(report["precision"]?.value == 2.0 / 3)
    #expect(report["recall"]?.value == 0.5)
    #expect(report["f1"]?.value == 4.0 / 7)
    #expect(report["unknown"]?.value == 0.25)
    #expect(report["roc_auc"] == nil)
    #expect(report.details["confusion"]?["false_negatives"] == 2)
    #expect(report.details["confusion"]?["unknown_on_yes"] == 1)
    #expect(report.details["confusion"]?["unknown_on_no"] == 1)
    #expect(report.details["confusion"]?["false_positives"] == 1)
    #expect(report.details["mode"] == "written answers")
    #expect(report.details["undefined"]?["roc_auc"] != nil)
    #expect(report.tables.map(\.name) == ["confusion", "baselines"])
  }

  @Test func nothingIsReportedAsZeroThatIsUndefined() throws {
    let report = try report((0..<3).map { prediction($0, liked: false, text: "No") })
    #expect(report["accuracy"]?.value == 1)
    for name in ["precision", "recall", "f1"] { #expect(report[name] == nil) }
    #expect(report.details["undefined"]?["precision"] == "nothing was called Yes")
  }

  @Test func baselinesStandBesideTheModel() throws {
    // Half or more of the history liked: rows 0, 1 and 3.
    let histories: [JSON] = [[4, 3], [5, 5], [1, 2], [3.5, 4.5], [3, 3.5]]
    let means = [4.0, 3.0, 3.6, 3.5, 1.0], liked = [true, true, false, false, true]
    let rows = liked.indices.map { row in
      prediction(
        row, liked: liked[row], scores: liked[row] ? [-0.1, -3] : [-3, -0.1],
        [
          "history_ratings": histories[row], "item_mean": .double(means[row]), "user_mean": 3,
          "overall_mean": 3.5, "user_id": .int(row / 2),
        ])
    }
    let report = try report(rows)
    #expect(report.baselines.map(\.name) == ["majority", "history", "item_mean", "user_mean"])
    let values = Dictionary(uniqueKeysWithValues: report.baselines.map { ($0.name, $0.metrics) })
    #expect(values["majority"]?["accuracy"] == 0.6)
    #expect(values["majority"]?["roc_auc"] == nil)
    #expect(values["history"]?["accuracy"] == 0.6)
    #expect(values["history"]?["f1"] == 2.0 / 3)
    // Liked [0.5, 1, 0], others [0, 0.5]: wins 1 + 0.5, 2, 0.5 of 6 pairs.
    #expect(values["history"]?["roc_auc"] == 4.0 / 6)
    #expect(values["item_mean"]?["accuracy"] == 0.2)
    #expect(values["user_mean"]?["accuracy"] == 0.4)
    #expect(values["user_mean"]?["precision"] == nil)
    #expect(report["accuracy_over_history"]?.value == 0.4)
    #expect(report["accuracy"]?.low == 1)
  }

  @Test func rulesWithoutNumbersAreLeftOut() throws {
    let rows = (0..<2).map { prediction($0, liked: $0 == 0, text: "Yes", ["history_ratings": [4]]) }
    let bare = prediction(2, liked: false, text: "No")
    #expect(try report(rows).baselines.map(\.name) == ["majority", "history"])
    #expect(try report(rows + [bare]).baselines.map(\.name) == ["majority"])
  }

  @Test func brokenPredictionsAreFaults() {
    #expect(message { _ = try report([]) }.contains("no prediction to judge"))
    let odd = prediction(3, liked: true, scores: [.nan, -1])
    #expect(message { _ = try report([odd]) }.contains("row 3: the model's log-likelihoods"))
    let short = prediction(4, liked: true, scores: [-1])
    #expect(message { _ = try report([short]) }.contains("row 4: 1 log-likelihoods"))
  }
}
