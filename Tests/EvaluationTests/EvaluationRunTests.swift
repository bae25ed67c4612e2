import JSON
import Tasks
import Testing

@testable import Evaluation

@Suite struct EvaluationRunTests {
  /// Row i asks "i"; its answer is i + seed, its metadata i, its clip large.
  struct Rows: Dataset {
    var count: Int
    func example(at index: Int, epoch: Int, seed: UInt64) throws(TaskError) -> Example {
      if index == 90 { throw TaskError(.data, "row 90 is broken") }
      return Example(
        turns: [
          Turn(role: "user", text: "\(index)"),
          Turn(role: "assistant", text: "\(index + Int(seed) + epoch)"),
        ],
        metadata: ["row": .int(index)], choices: index % 2 == 0 ? [] : ["Yes", "No"],
        tensors: ["clip": MediaTensor(shape: [2], values: [1, 2])])
    }
  }

  /// The share of answers that are the reference.
  struct Exact: Evaluator {
    func evaluate(_ predictions: [Prediction]) throws(TaskError) -> Report {
      let right = predictions.count { $0.text == $0.example.reference }
      return Report(
        count: predictions.count, primary: "exact",
        metrics: [("exact", Measure(value: Double(right) / Double(predictions.count)))])
    }
  }

  func run(_ rows: Int, batch: Int, limit: Int? = nil) throws(TaskError) -> EvaluationRun {
    try EvaluationRun(
      dataset: Rows(count: rows), evaluator: Exact(), batchSize: batch, limit: limit, seed: 100)
  }

  /// Says i + 100 to rows below 4, nothing to others; scores choices where there are some.
  func answer(_ question: Question) -> Answer {
    Answer(
      text: question.index < 4 ? "\(question.index + 100)" : "",
      choiceLogLikelihoods: question.example.choices.map { $0 == "Yes" ? -1 : -2 })
  }

  @Test(arguments: [1, 3, 10, 64]) func everyRowIsAskedOnceInOrder(_ batch: Int) throws {
    var asked: [Int] = [], sizes: [Int] = [], seen: [Int] = []
    let (report, predictions) = try run(10, batch: batch)(
      observe: { progress in
        sizes.append(progress.batch.count)
        seen.append(progress.done)
        #expect(progress.total == 10)
      },
      respond: { questions in
        #expect(questions.count <= batch && questions.allSatisfy { !$0.example.tensors.isEmpty })
        asked += questions.map(\.index)
        return questions.map(answer)
      })
    #expect(asked == Array(0..<10) && predictions.map(\.index) == asked)
    #expect(sizes.reduce(0, +) == 10 && seen == sizes.indices.map { sizes[...$0].reduce(0, +) })
    #expect(report.count == 10 && report["exact"]?.value == 0.4)
    #expect(predictions[1].choiceLogLikelihoods == [-1, -2])
    #expect(predictions[2].choiceLogLikelihoods.isEmpty)
    #expect(predictions.allSatisfy { $0.example.tensors.isEmpty })
    #expect(predictions[7].example.metadata == ["row": 7])
  }

  /// A limit spreads over the whole dataset, which may be sorted.
  @Test func theLimitSpreads() throws {
    #expect(try run(10, batch: 4, limit: 60).rows == Array(0..<10))
    #expect(try run(80, batch: 4, limit: 4).rows.map { $0 / 20 } == [0, 1, 2, 3])
    #expect(try run(80, batch: 4, limit: 4).rows == run(80, batch: 9, limit: 4).rows)
    let (report, predictions) = try run(10, batch: 4, limit: 5)(respond: { $0.map(answer) })
    #expect(predictions.map { $0.index / 2 } == [0, 1, 2, 3, 4])
    #expect(report.count == 5 && report["exact"]?.value == 0.4)
  }

  /// The evaluator judges right answers, whether written or chosen.
  @Test func metricsAreKnownBeforehand() throws {
    #expect(try run(10, batch: 4).metrics().map(\.name) == ["exact"])
    struct Right: Evaluator {
      let limit: Int
      func evaluate(_ predictions: [Prediction]) throws(TaskError) -> Report {
        guard predictions.allSatisfy({ $0.isCorrect == true }), predictions.count == limit else {
          throw TaskError(.internal, "wrong answers")
        }
        return Report(count: limit, primary: "a", metrics: [("a", Measure(value: 1))])
      }
    }
    struct Choices: Dataset {
      var count: Int { 40 }
      func example(at index: Int, epoch: Int, seed: UInt64) throws(TaskError) -> Example {
        let answer = Turn(role: "assistant", text: index % 3 == 0 ? "Yes" : "No")
        return Example(turns: [answer], choices: index % 2 == 0 ? ["Yes", "No"] : [])
      }
    }
    for limit in [nil, 16] {
      let run = try EvaluationRun(
        dataset: Choices(), evaluator: Right(limit: limit ?? 40), batchSize: 8)
      #expect(try run.metrics(limit: limit).map(\.name) == ["a"])
    }
  }

  @Test func errorsEndTheRun() throws {
    #expect(throws: TaskError.self) { try run(0, batch: 1)(respond: { $0.map(answer) }) }
    #expect(throws: TaskError.self) { try run(3, batch: 0) }
    #expect(throws: TaskError.self) { try run(3, batch: 1, limit: 0) }
    let broken = #expect(throws: TaskError.self) {
      try run(100, batch: 8)(respond: { $0.map(answer) })
    }
    #expect(broken?.message == "row 90 is broken")
    struct Interrupted: Error {}
    var batches = 0
    #expect(throws: Interrupted.self) {
      try run(20, batch: 5)(respond: { questions in
        batches += 1
        if batches == 2 { throw Interrupted() }
        return questions.map(answer)
      })
    }
    #expect(batches == 2)
  }

  @Test func predictionsAreWrittenWhole() throws {
    let (_, predictions) = try run(2, batch: 2)(respond: { $0.map(answer) })
    #expect(
      predictions.map { $0.json.text() } == [
        #"{"index":0,"prompt":[{"role":"user","content":"0"}],"prediction":"100","#
          + #""reference":"100","metadata":{"row":0}}"#,
        #"{"index":1,"prompt":[{"role":"user","content":"1"}],"prediction":"101","#
          + #""reference":"101","metadata":{"row":1},"#
          + #""choices":[{"text":"Yes","log_likelihood":-1.0},{"text":"No","log_likelihood":-2.0}]}"#,
      ])
  }
}
