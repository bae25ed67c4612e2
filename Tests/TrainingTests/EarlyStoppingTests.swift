import Adapters
import Formats
import Foundation
import Layers
import Models
import Tracking
import Testing

@testable import Training

/// Runs whose metric is given step by step: when they end, and which step is the best.
@Suite struct EarlyStoppingTests {
  struct Script {
    var values: [Double]
    var greaterIsBetter = true, threshold = 0.0, patience: Int? = 2
    /// Whether a value that is not a number is left out of the report.
    var omits = false, isKnown = false
    var loadsBest = true, saveSteps = 100, saveLimit: Int? = 2
  }

  /// Evaluates after every step; `stopAfter` steps a signal comes.
  func run(_ script: Script, at path: String, resuming: Bool = false, stopAfter: Int? = nil) throws
    -> (outcome: TrainingOutcome, weights: [[Float]], notes: [String])
  {
    let model = try CausalLanguageModel(folder: TrainerTests.modelFolder)
    let config = AdapterConfig(
      LoRAConfig(r: 2, alpha: 4, targets: AdapterTargets(["q_proj"])),
      baseModel: nil)
    let adapters = try AdapterSet.fresh(config, on: model.seats, seed: 7)
    let data = try TrainerTests.encoded(.init(count: 4))
    let steps = script.values.count
    var options = TrainingOptions(
      steps: steps,
      learningRate: LearningRate(.constant, peak: 1e-2, warmup: 0, total: steps))
    options.batchSize = 2
    options.bestMetric = "score"
    options.greaterIsBetter = script.greaterIsBetter
    options.loadsBest = script.loadsBest
    options.patience = script.patience
    options.stoppingThreshold = script.threshold
    options.saveSteps = script.saveSteps
    options.isMetricKnown = script.isKnown
    options.saveLimit = script.saveLimit
    var notes: [String] = []
    let trainer = Trainer(
      model: model, trainable: .adapter(adapters), optimizer: AdamW(adapters.parameters),
      train: data, validation: nil, options: options,
      folder: try RunFolder(path: path, earlier: resuming ? .isResumed : .isRefused),
      judge: { step in
        let value = script.values[step - 1]
        return [("other", 1)] + (script.omits && value.isNaN ? [] : [("score", value)])
      },
      observe: { if case .note(let text) = $0 { notes.append(text) } })
    var done = 0
    let outcome = try trainer.run(resuming: resuming) {
      done += 1
      return done == stopAfter
    }
    return (outcome, adapters.parameters.map(\.tensor.values), notes)
  }

  func state(_ path: String) throws -> TrainerState {
    try #require(TrainerState(path: path + "/trainer_state.json"))
  }

  func step(_ outcome: TrainingOutcome) -> Int? {
    if case .stopped(let step, _) = outcome { step } else { nil }
  }

  /// What transformers' EarlyStoppingCallback does with the same numbers: a gain of no more than the
  /// threshold is the new best, and counts as none.
  @Test func aSmallGainIsTheBestButDoesNotCount() throws {
    let path = TrainerTests.folder()
    let script = Script(
      values: [0.5, 0.6, 0.605, 0.6, 0.59, 0.9], threshold: 0.01, patience: 3)
    let result = try run(script, at: path)
    #expect(
      result.outcome
        == .stopped(
          step: 5,
          reason: "eval_score has not risen by more than 0.01 in 3 evaluations; its best is 0.605, "
            + "at step 3"))
    #expect(try state(path).bestGlobalStep == 3)
    let best = try FileManager.default.destinationOfSymbolicLink(atPath: path + "/best")
    #expect(best == "checkpoint-3")
    let file = try SafeTensorsFile(path: path + "/best/adapter_model.safetensors")
    #expect(try Set(file.entries.keys.map { try file.floats($0) }) == Set(result.weights))
    #expect(result.notes.contains("ends with the weights of step 3, the best by eval_score"))
  }

  @Test func aLossMustFall() throws {
    var script = Script(values: [2, 1, 1, 1.5, 0.1], greaterIsBetter: false)
    #expect(step(try run(script, at: TrainerTests.folder()).outcome) == 4)
    script.patience = nil
    #expect(try run(script, at: TrainerTests.folder()).outcome == .finished(step: 5))
  }

  @Test func whatIsNotANumberIsNoGain() throws {
    let path = TrainerTests.folder(), script = Script(values: [0.5, .nan, .nan, 0.9])
    #expect(step(try run(script, at: path).outcome) == 3)
    #expect(try state(path).bestGlobalStep == 1)
  }

  @Test func aMetricThatIsUndefinedIsNoGain() throws {
    var script = Script(values: [0.5, .nan, .nan, 0.9], omits: true, isKnown: true)
    let result = try run(script, at: TrainerTests.folder())
    #expect(step(result.outcome) == 3)
    #expect(result.notes.contains("eval_score is undefined at step 2, which is no gain"))
    // A name that nobody has confirmed is taken for a wrong one.
    script.isKnown = false
    let error = #expect(throws: TrainingError.self) {
      try run(script, at: TrainerTests.folder())
    }
    #expect(error?.message.contains("but the evaluation gives eval_other") == true)
  }

  @Test(arguments: [1, 2, 3, 4]) func aResumedRunKeepsTheCount(stop: Int) throws {
    let script = Script(values: [0.5, 0.6, 0.6, 0.59, 0.58, 0.9], patience: 3)
    let whole = TrainerTests.folder(), path = TrainerTests.folder()
    let expected = try run(script, at: whole)
    #expect(step(expected.outcome) == 5)
    #expect(
      try run(script, at: path, stopAfter: stop).outcome == .interrupted(step: stop))
    #expect(try state(path).evaluationsWithoutGain == max(0, stop - 2))
    let resumed = try run(script, at: path, resuming: true)
    #expect(resumed.outcome == expected.outcome && resumed.weights == expected.weights)
    #expect(try state(path).evaluationsWithoutGain == 3)
    #expect(try readFile(path + "/metrics.jsonl") == readFile(whole + "/metrics.jsonl"))
  }

  /// Without load_best_model_at_end no checkpoint is made for the best step's sake.
  @Test func theLinkLeadsToTheBestOrIsNotThere() throws {
    let manager = FileManager.default
    var script = Script(
      values: [0.1, 0.9, 0.8, 0.7, 0.6, 0.5], patience: nil, loadsBest: false, saveSteps: 2,
      saveLimit: 1)
    let kept = TrainerTests.folder()
    _ = try run(script, at: kept)
    #expect(try manager.destinationOfSymbolicLink(atPath: kept + "/best") == "checkpoint-2")
    try DurableFolder.verify(kept + "/checkpoint-2")
    #expect(!FileSystem.exists(kept + "/checkpoint-4"))
    #expect(try state(kept).bestCheckpoint == "checkpoint-2")

    script.values = [0.1, 0.8, 0.9, 0.7, 0.6, 0.5]
    let lost = TrainerTests.folder()
    _ = try run(script, at: lost)
    #expect(throws: (any Error).self) {
      try manager.destinationOfSymbolicLink(atPath: lost + "/best")
    }
    #expect(try state(lost).bestGlobalStep == 3)
    #expect(try state(lost).bestCheckpoint == nil)
  }
}
