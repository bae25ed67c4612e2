import Models
import Objectives
import TestSupport
import Testing

@testable import Training

/// A step's gradient as a sum of few lanes.
@Suite struct LanesTests {
  @Test func leavesAreNeighbours() {
    #expect(StepLeaves(batches: 5, lanes: nil).ranges == [0..<1, 1..<2, 2..<3, 3..<4, 4..<5])
    #expect(StepLeaves(batches: 5, lanes: 2).ranges == [0..<2, 2..<5])
    #expect(StepLeaves(batches: 2, lanes: 4).ranges == [0..<1, 1..<2])
    let held = [1, 2, 3, 4, 7, 8].map { StepLeaves.held(0..<$0) }
    #expect(held == [1, 2, 2, 3, 3, 4])
    #expect(StepLeaves.held(3..<6) == 3 && StepLeaves.held(2..<2) == 1)
  }

  /// They change no more than the last bits, and neither loss nor counts at all.
  @Test(arguments: [1, 2, 3]) func lanes(count: Int) throws {
    func step(_ lanes: Int?) throws -> (result: StepResult, values: [[Float]]) {
      let model = try CausalLanguageModel(folder: GoldenRunTests.goldens + "/models/qwen3")
      let parameters = model.unfreeze()
      var runner = StepRunner(model, terms: [Term(SFT())], sharesPrefixes: false)
      runner.share = StepShare(.alone, lanes: lanes)
      let rows = try GoldenRunTests.rows()[..<5].enumerated().map {
        [TrainingRow([$1], index: $0)]
      }
      let result = try runner(rows)
      return (
        result, parameters.map { $0.tensor.slot.flatMap { result.gradients[$0]?.values } ?? [] }
      )
    }
    let whole = try step(nil), few = try step(count)
    #expect(few.result.loss == whole.result.loss && few.result.tokens == whole.result.tokens)
    for (own, expected) in zip(few.values, whole.values) {
      expectClose(own, expected, atol: 1e-6, rtol: 1e-4, "\(count) lanes")
    }
  }
}
