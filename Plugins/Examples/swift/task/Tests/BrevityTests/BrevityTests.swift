import TaskKit
import Testing

@testable import BrevityPlugin

@Suite struct BrevityTests {
  // snippet: test
  @Test func reportsTheShareOfExactAnswers() throws {
    let rows = try #require(try BrevityRows(configuration: [:], split: .validation))
    let exact = try BrevityExact(configuration: [:], split: .validation)
    let answers = ["copper\n", "copper"]
    let predictions = answers.enumerated().map { index, answer in
      Prediction(
        index: index, text: answer, example: rows.example(at: index, epoch: 0, seed: 0))
    }
    let report = try exact.evaluate(predictions)
    #expect(report.primary == "exact" && report.count == 2)
    #expect(report["exact"] == Measure(0.5, count: 2))
    #expect(report.baselines.first?.metrics == ["exact": 0])
  }
  // end snippet

  @Test func echoRepeatsTheFirstWord() throws {
    let exact = try BrevityExact(configuration: [:], split: .validation)
    let example = Example(turns: [.user("river, or not?"), .assistant("river,")])
    let report = try exact.evaluate([Prediction(index: 0, text: "", example: example)])
    #expect(report.baselines.first?.metrics == ["exact": 1])
    #expect(report["exact"] == Measure(0, count: 1))
  }

  @Test func aRowWithoutReferenceIsAnError() throws {
    let exact = try BrevityExact(configuration: [:], split: .validation)
    let row = Prediction(index: 3, text: "", example: Example(turns: [.user("river")]))
    #expect(throws: PluginError(.data, "row 3 has no reference")) { try exact.evaluate([row]) }
  }

  @Test func namesItsParts() {
    #expect(Brevity.dataset.name == "brevity.rows" && Brevity.evaluator?.name == "brevity.exact")
    #expect(Brevity.defaults["training_args"]?["max_length"] == 64)
  }
}
