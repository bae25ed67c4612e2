import JSON
import Tasks
import Testing

@testable import Evaluation

/// Pairs and labeled rows among questions, answers and predictions.
@Suite struct PreferenceEvaluationTests {
  static let pair = Example(
    turns: [Turn(role: "user", text: "2 + 2?")], metadata: ["row": 1],
    chosen: [Turn(role: "assistant", text: "4")], rejected: [Turn(role: "assistant", text: "5")])

  static func labeled(_ label: Bool) -> Example {
    Example(
      turns: [Turn(role: "user", text: "2 + 2?"), Turn(role: "assistant", text: "4")],
      label: label)
  }

  static func prediction(_ example: Example, _ scores: [Double], text: String = "") -> Prediction {
    Prediction(index: 3, text: text, example: example, choiceLogLikelihoods: scores)
  }

  @Test func ofAPairTheLikelierAnswerCounts() {
    let right = Self.prediction(Self.pair, [-1, -2], text: "Five.")
    #expect(right.answer == "4" && right.expectedAnswer == "4" && right.isCorrect == true)
    let wrong = Self.prediction(Self.pair, [-2, -1, -9, -1], text: "4")
    #expect(wrong.answer == "5" && wrong.expectedAnswer == "4" && wrong.isCorrect == false)
    #expect(Self.prediction(Self.pair, [-1, -1]).isCorrect == false)
    // Nobody weighed it: what was written counts.
    #expect(Self.prediction(Self.pair, [], text: "4 ").isCorrect == true)
    let comparison = Comparison(base: [wrong], tuned: [right], seed: 1)
    #expect(comparison.count(.improvement) == 1)
    let row = comparison.rows[0].json
    #expect(row["rejected"] == [["role": "assistant", "content": "5"]])
    #expect(row["base"]?["log_probabilities"]?["reference_chosen"] == -9.0)
    #expect(row["tuned"]?["prediction"] == "Five.")
  }

  @Test func ofALabeledRowTheWrittenAnswerCountsWhereItIsWanted() {
    #expect(Self.prediction(Self.labeled(true), [-1], text: "4").isCorrect == true)
    #expect(Self.prediction(Self.labeled(true), [-1, -2], text: "5").isCorrect == false)
    #expect(Self.prediction(Self.labeled(false), [-1], text: "4").isCorrect == nil)
  }

  @Test func linesOfPredictions() {
    #expect(
      Self.prediction(Self.pair, [-1, -2, -3, -4], text: "x").json.text()
        == #"{"index":3,"prompt":[{"role":"user","content":"2 + 2?"}],"prediction":"x","#
        + #""reference":"4","metadata":{"row":1},"chosen":[{"role":"assistant","content":"4"}],"#
        + #""rejected":[{"role":"assistant","content":"5"}],"log_probabilities":{"chosen":-1.0,"#
        + #""rejected":-2.0,"reference_chosen":-3.0,"reference_rejected":-4.0}}"#)
    #expect(
      Self.prediction(Self.labeled(false), [-1]).json.text()
        == #"{"index":3,"prompt":[{"role":"user","content":"2 + 2?"}],"prediction":"","#
        + #""completion":[{"role":"assistant","content":"4"}],"label":false,"#
        + #""log_probabilities":{"answer":-1.0}}"#)
  }

  private struct Rows: Dataset {
    let count = 4
    func example(at index: Int, epoch: Int, seed: UInt64) -> Example {
      index % 2 == 0 ? PreferenceEvaluationTests.pair : PreferenceEvaluationTests.labeled(true)
    }
  }

  /// Counts the numbers that it gets; of pairs those where the chosen answer is ahead.
  private struct Counting: Evaluator {
    func evaluate(_ predictions: [Prediction]) -> Report {
      let ahead = predictions.count {
        $0.example.isPair && $0.choiceLogLikelihoods[0] > $0.choiceLogLikelihoods[1]
      }
      let numbers = predictions.reduce(0) { $0 + $1.choiceLogLikelihoods.count }
      return Report(
        count: predictions.count, primary: "ahead",
        metrics: [
          ("ahead", Measure(value: Double(ahead))), ("numbers", Measure(value: Double(numbers))),
        ])
    }
  }

  @Test func theEvaluatorIsTriedWithAsManyNumbersAsItWillGet() throws {
    let run = try EvaluationRun(dataset: Rows(), evaluator: Counting(), batchSize: 3)
    #expect(try run.metrics().map(\.measure.value) == [2, 6])
    #expect(
      try run.metrics(weighing: .logLikelihoods(withReference: true)).map(\.measure.value) == [
        2, 12,
      ])
    let report = try run(respond: { questions in
      questions.map {
        Answer(text: "", choiceLogLikelihoods: $0.example.isPair ? [-2, -1, -1, -2] : [-1, -2])
      }
    }).report
    #expect(report.metrics.map(\.measure.value) == [0, 12])
  }
}
