import JSON
import Tasks
import Testing

@testable import Evaluation

@Suite struct ComparisonTests {
  static func written(_ text: String, _ reference: String? = "Yes", row: Int = 0) -> Prediction {
    let answer = reference.map { [Turn(role: "assistant", text: $0)] } ?? []
    return Prediction(
      index: row, text: text,
      example: Example(
        turns: [Turn(role: "system", text: "be brief"), Turn(role: "user", text: "a\nb")] + answer,
        metadata: ["row": .int(row)]))
  }

  static func chosen(_ scores: [Double], _ reference: String) -> Prediction {
    Prediction(
      index: 0, text: "",
      example: Example(
        turns: [Turn(role: "user", text: "q"), Turn(role: "assistant", text: reference)],
        choices: ["Yes", "No"]),
      choiceLogLikelihoods: scores)
  }

  @Test func aWrittenAnswerMustBeTheReference() {
    #expect(Self.written("Yes").isCorrect == true)
    #expect(Self.written(" Yes \n").isCorrect == true)
    #expect(Self.written("Yes.").isCorrect == false)
    #expect(Self.written("").isCorrect == false)
    #expect(Self.written("<think>No\n</think>\n\nYes").isCorrect == true)
    #expect(Self.written("<think>Yes, Yes").isCorrect == false)
    #expect(Self.written("No, no.\n</think>\n\nYes").isCorrect == true)
    #expect(Self.written("Yes", "<think>\n\n</think>\n\nYes").isCorrect == true)
    #expect(Self.written("Yes", nil).isCorrect == nil)
  }

  @Test func aWrittenAnswerThatBeginsWithAChoiceIsThatChoice() {
    func answer(_ text: String) -> String {
      Prediction(
        index: 0, text: text,
        example: Example(
          turns: [Turn(role: "assistant", text: "No")], choices: ["No", "Not sure", "Yes"])
      ).answer
    }
    #expect(answer("yes, since they like cars") == "Yes")
    #expect(answer("<think>Yes?</think> NO.") == "No")
    #expect(answer("not sure at all") == "Not sure")
    #expect(answer("Nothing to say") == "Nothing to say")
    #expect(answer("I would say Yes") == "I would say Yes")
  }

  @Test func theLikeliestChoiceMustBeTheReference() {
    #expect(Self.chosen([-0.1, -3], "Yes").isCorrect == true)
    #expect(Self.chosen([-0.1, -3], "No").isCorrect == false)
    #expect(Self.chosen([-3, -0.1], " No ").isCorrect == true)
    #expect(Self.chosen([-1, -1], "Yes").answer == "Yes")
  }

  @Test func everyPlaceOfAChoiceCounts() {
    let options = ["1", "2", "3"]
    let parts: [Part] = [
      .text("warm "), .choice(Choice(options: options, weights: [0.2, 0.8, 0])), .text(" dark "),
      .choice(Choice(options: options, weights: [0, 0, 1])),
    ]
    func prediction(_ scores: [Double]) -> Prediction {
      Prediction(
        index: 0, text: "",
        example: Example(turns: [Turn(role: "assistant", parts: parts)], choices: options),
        choiceLogLikelihoods: scores)
    }
    #expect(prediction([-9, -1, -9, -9, -9, -1]).isCorrect == true)
    #expect(prediction([-9, -1, -9, -9, -1, -9]).isCorrect == false)
    #expect(prediction([-9, -1, -9, -9, -1, -9]).answer == "2, 2")
  }

  /// Three improvements, one regression, one right twice, one same wrong, one different wrong, and a
  /// row without a reference.
  static let base = [
    "No", "No", "x", "Yes", "Yes", "No", "x", "x",
  ].enumerated().map { written($1, $0 == 7 ? nil : "Yes", row: $0) }
  static let tuned = [
    "Yes", "Yes", "Yes", "No", "Yes", "No", "No", "y",
  ].enumerated().map { written($1, $0 == 7 ? nil : "Yes", row: $0) }
  static let comparison = Comparison(base: base, tuned: tuned, seed: 42)

  @Test func rowsAreCounted() throws {
    let comparison = Self.comparison
    #expect(
      comparison.disagreementsJSON == [
        "rows": 8, "total": 6, "share": 0.75, "improvements": 3, "regressions": 1,
        "both_wrong": 1, "unjudged": 1,
      ])
    #expect(comparison.count(.bothRight) == 1 && comparison.count(.sameWrong) == 1)
    let correctness = try #require(comparison.correctness)
    #expect(correctness.difference.count == 7)
    #expect(abs(correctness.base - 2 / 7) < 1e-12 && abs(correctness.tuned - 4 / 7) < 1e-12)
    #expect(abs(correctness.difference.value - 2 / 7) < 1e-12)
    let low = try #require(correctness.difference.low),
      high = try #require(
        correctness.difference.high)
    #expect(low < 2 / 7 && high > 2 / 7 && low >= -1 && high <= 1)
  }

  @Test func swappedModelsSwapTheOutcomes() {
    let swapped = Comparison(base: Self.tuned, tuned: Self.base, seed: 42)
    #expect(swapped.count(.improvement) == 1 && swapped.count(.regression) == 3)
    #expect(swapped.lines(.improvement).contains(#""index": 3"#))
  }

  @Test func aLineIsOneObject() throws {
    let lines = Self.comparison.lines(.improvement).split(separator: "\n")
    #expect(lines.count == 3)
    let row = try JSONValue(parsing: String(lines[1]))
    #expect(row["index"] == 1 && row["reference"] == "Yes" && row["metadata"] == ["row": 1])
    #expect(row["base"] == ["answer": "No", "prediction": "No"])
    #expect(row["tuned"] == ["answer": "Yes", "prediction": "Yes"])
    #expect(row["prompt"]?.array?.count == 2)
    #expect(Self.comparison.lines(.regression).split(separator: "\n").count == 1)
  }

  @Test func likelihoodsAreKept() throws {
    let comparison = Comparison(
      base: [Self.chosen([-2, -0.5], "Yes")], tuned: [Self.chosen([-0.5, -2], "Yes")], seed: 1)
    let row = try JSONValue(parsing: comparison.lines(.improvement))
    #expect(row["base"]?["answer"] == "No" && row["base"]?["prediction"] == nil)
    #expect(row["tuned"]?["choices"]?[0]?["log_likelihood"] == -0.5)
  }

  @Test func differencesAreTunedLessBase() {
    let reports = [0.25, 0.75].map {
      Report(count: 8, primary: "f", metrics: [("f", Measure(value: $0))])
    }
    let json = Self.comparison.differencesJSON(base: reports[0], tuned: reports[1])
    #expect(json["metrics"]?["f"] == ["base": 0.25, "tuned": 0.75, "difference": 0.5])
    #expect(json["correct"]?["rows"] == 7)
    let none = Comparison(
      base: [Self.written("a", nil)], tuned: [Self.written("b", nil)], seed: 1)
    #expect(none.correctness == nil)
    #expect(none.differencesJSON(base: reports[0], tuned: reports[1])["correct"] == nil)
  }

  @Test func tablesShowTheFirstExamples() {
    let report = Report(count: 8, primary: "f", metrics: [("f", Measure(value: 1))])
    func tables(_ examples: Int) -> [Table] {
      Self.comparison.tables(base: report, tuned: report, examples: examples, width: 20)
    }
    let shown = tables(2)
    #expect(
      shown.map(\.name) == [
        "comparison", "comparison_outcomes", "comparison_improvements", "comparison_regressions",
      ])
    #expect(shown[2].rows.count == 2 && shown[3].rows.count == 1)
    #expect(
      shown[2].rows[1] == [.number(1), .text("a b"), .text("Yes"), .text("No"), .text("Yes")])
    #expect(tables(0).map(\.name) == ["comparison", "comparison_outcomes"])
  }

  /// What all rows ask alike is left out; of the rest, beginning and end are shown.
  @Test func examplesShowWhatTellsThemApart() {
    func row(_ index: Int, _ said: String) -> Prediction {
      let titles = (0..<9).map { "title \($0 + index)" }.joined(separator: "\n")
      return Prediction(
        index: index, text: said,
        example: Example(turns: [
          Turn(role: "user", text: "Will they like it?\n\n\(titles)\n\nAnswer Yes or No."),
          Turn(role: "assistant", text: "Yes"),
        ]))
    }
    let report = Report(count: 2, primary: "f", metrics: [("f", Measure(value: 1))])
    let comparison = Comparison(
      base: (0..<2).map { row($0, "No") }, tuned: (0..<2).map { row($0, "Yes") }, seed: 1)
    let tables = comparison.tables(base: report, tuned: report, examples: 9, width: 21)
    #expect(tables[2].rows[1][1] == .text("1 title 2 … 8 title 9"))
    #expect(Excerpts.cut("abcdef", to: 6) == "abcdef")
    #expect(Excerpts.cut("abcdefg", to: 6) == "abcde…")
    #expect(Excerpts.cut("abcdefg", to: 6, inTheMiddle: true) == "abc…fg")
  }

  @Test func theIntervalIsThatOfTheMean() throws {
    // 1000 differences of -1, 0, 1: the normal approximation is close.
    let values = (0..<1000).map { Double([1, 0, 0, 1, -1][$0 % 5]) }
    let measure = try #require(PairedBootstrap(seed: 7).mean(values))
    let half = 1.96 * (0.56 / 1000).squareRoot()
    #expect(abs(measure.value - 0.2) < 1e-12)
    #expect(abs((measure.low ?? 0) - (0.2 - half)) < 0.006)
    #expect(abs((measure.high ?? 0) - (0.2 + half)) < 0.006)
    #expect(PairedBootstrap(seed: 7).mean(values) == measure)
    #expect(PairedBootstrap(seed: 7).mean([]) == nil)
    let same = PairedBootstrap(seed: 1).mean([0.5, 0.5])
    #expect(same?.low == 0.5 && same?.high == 0.5)
  }

  /// Ten equal rows of each user tell no more than one row of each would.
  @Test func wholeClustersAreDrawn() throws {
    let users = (0..<50).map { Double([1, 0, 0, 1, -1][$0 % 5]) }
    let rows = users.flatMap { Array(repeating: $0, count: 10) }
    let names = users.indices.flatMap { Array(repeating: "u\($0)", count: 10) }
    let bootstrap = PairedBootstrap(seed: 7)
    let one = try #require(bootstrap.mean(users))
    let many = try #require(bootstrap.mean(rows, clusters: names))
    #expect(many.low == one.low && many.high == one.high && many.count == 500)
    let alone = try #require(bootstrap.mean(rows))
    #expect((alone.high ?? 0) - (alone.low ?? 0) < 0.5 * ((many.high ?? 0) - (many.low ?? 0)))
    let single = bootstrap.mean([1, 0], clusters: ["a", "a"])
    #expect(single?.value == 0.5 && single?.low == nil)
  }

  /// The rows without a reference are left out of the clusters too.
  @Test func theDifferenceFollowsTheClusters() throws {
    let clustered = Comparison(
      base: Self.base, tuned: Self.tuned,
      clusters: ["a", "a", "a", "b", "b", "c", "c", "d"], seed: 42)
    let difference = try #require(clustered.correctness?.difference)
    #expect(difference.value == Self.comparison.correctness?.difference.value)
    #expect(difference.low != Self.comparison.correctness?.difference.low)
  }
}
