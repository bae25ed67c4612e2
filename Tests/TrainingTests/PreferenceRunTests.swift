import Adapters
import Formats
import Foundation
import JSON
import Models
import Objectives
import Tasks
import TestSupport
import Testing

@testable import Training

/// Twenty optimizer steps of preference training against trl: `Tests/Goldens/preference`.
@Suite struct PreferenceRunTests {
  static let families = ["llama", "qwen2", "qwen3"]
  static let runs: [(family: String, name: String)] = families.flatMap { family in
    ((try? PreferenceGoldens(family).names) ?? []).map { (family, $0) }
  }

  @Test func everyRunIsFound() { #expect(Self.runs.count == 3 * 22) }

  /// What trl logs of each step.
  @Test(arguments: runs) func steps(of run: (family: String, name: String)) throws {
    let goldens = try PreferenceGoldens(run.family)
    let steps = try goldens.steps(run.name)
    try #require(steps.count == 20)
    let training = try PreferenceTraining(goldens, run.name)
    for (index, expected) in steps.enumerated() {
      let (result, norm) = try training.step(index + 1)
      let isFirst = index == 0, what = "\(run.name), step \(index + 1)"
      let loss = try #require(expected["loss"]?.double)
      let goldenNorm = try #require(expected["grad_norm"]?.double)
      expectClose(result.loss, loss, atol: 1e-6, rtol: isFirst ? 1e-4 : 1e-3, what)
      expectClose(norm, goldenNorm, atol: 1e-5, rtol: 1e-3, "\(what), norm")
      for (name, value) in try #require(expected.object) {
        if ["loss", "grad_norm"].contains(name) { continue }
        let mean = try #require(result.mean(name), "\(what), \(name)")
        expectClose(mean, try #require(value.double), atol: 1e-4, rtol: 1e-3, "\(what), \(name)")
      }
    }
  }

  /// Every gradient of the first step, where the folder has them.
  @Test(arguments: runs) func gradients(of run: (family: String, name: String)) throws {
    let goldens = try PreferenceGoldens(run.family)
    let file = try SafeTensorsFile(path: goldens.folder + "/gradients.safetensors")
    guard file.entries.keys.contains(where: { $0.hasPrefix(run.name + "/") }) else {
      #expect(run.family != "qwen2", "\(run.name): no gradients")
      return
    }
    let training = try PreferenceTraining(goldens, run.name)
    let gradients = try training.result(1).gradients
    for parameter in training.adapters.parameters {
      let gradient = try #require(parameter.tensor.slot.flatMap { gradients[$0] })
      let expected = try file.floats("\(run.name)/\(parameter.name)")
      let largest = expected.map { abs($0) }.max() ?? 0
      expectClose(
        gradient.values, expected, atol: 1e-5 * Double(largest), rtol: 1e-3,
        "\(run.name), \(parameter.name)")
    }
  }

  /// The log-probabilities that rewards are measured from.
  @Test(arguments: families) func reference(family: String) throws {
    let goldens = try PreferenceGoldens(family)
    let training = try PreferenceTraining(goldens, "sigmoid")
    let expected = try goldens.reference("pairs", "chosen", "rejected")
    let texts = ScoredTexts(goldens.pairs.map(\.texts))
    let log = try #require(training.reference).logProbabilities(texts)
    let sums = texts.batch.texts.map { texts.batch.sum(log, $0.answer) }
    expectClose(sums, expected, atol: 1e-4, rtol: 1e-6, family)
  }

  /// How a step is cut, and whether a pair's prompt is computed once, changes nothing beyond rounding.
  @Test(arguments: ["sigmoid", "mpo", "kto", "orpo", "simpo"]) func cuts(run: String) throws {
    let goldens = try PreferenceGoldens("qwen3")
    func result(_ size: Int, sharing: Bool) throws -> (Double, [[Float]]) {
      let training = try PreferenceTraining(goldens, run, batchSize: size, sharing: sharing)
      let result = try training.result(2, after: 1)
      return (
        result.loss,
        try training.adapters.parameters.map {
          try #require($0.tensor.slot.flatMap { result.gradients[$0] }).values
        }
      )
    }
    let whole = try result(4, sharing: false)
    for (size, sharing) in [(1, false), (2, false), (3, true), (4, true), (1, true)] {
      let part = try result(size, sharing: sharing)
      expectClose(part.0, whole.0, rtol: 1e-5, "\(run), \(size), \(sharing)")
      for (a, b) in zip(part.1, whole.1) {
        let largest = b.map { abs($0) }.max() ?? 0
        expectClose(a, b, atol: 1e-4 * Double(largest), rtol: 1e-3, "\(run), \(size), \(sharing)")
      }
    }
  }

  /// KTO's drift is that of all rows which are evaluated, however few are read at once.
  @Test func evaluationIsOfAllRows() throws {
    let goldens = try PreferenceGoldens("llama")
    func means(_ size: Int) throws -> [(name: String, value: Double)] {
      let training = try PreferenceTraining(goldens, "kto")
      for step in 1...3 { _ = try training.step(step) }
      return try training.evaluate(batchSize: size)
    }
    let whole = try means(8)
    #expect(whole.contains { $0.name == "kl" && $0.value > 0 })
    for size in [1, 3] {
      let part = try means(size)
      #expect(part.map(\.name) == whole.map(\.name))
      expectClose(part.map(\.value), whole.map(\.value), atol: 1e-5, rtol: 1e-5, "\(size)")
    }
  }
}
