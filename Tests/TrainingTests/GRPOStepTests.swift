import Adapters
import Formats
import Generation
import JSON
import Models
import Objectives
import Tensors
import TestSupport
import Testing

@testable import Training

/// Steps over sampled completions: where ratios begin, how steps are cut, what teaches nothing, and
/// that a resumed run is the same.
@Suite struct GRPOStepTests {
  /// To the last bit, whatever the cut and whether prompts are shared.
  @Test(arguments: ["grpo_kl", "masked_dapo_kl", "slices_twice_kl", "temperature_kl"], [1, 3, 8])
  func ratiosBeginAtOne(run: String, size: Int) throws {
    for sharing in [false, true] {
      let training = try GRPOTraining(
        GRPOGoldens("qwen2"), run, batchSize: size, sharing: sharing)
      for rows in try training.source.rows(of: 1).batches {
        let texts = training.runner.scored(rows)
        let now = training.runner.pass(nil).run {
          training.runner.model.logProbabilities(texts, sharing: sharing).values
        }
        #expect(now == texts.batch.old, "\(run), \(size), \(sharing)")
      }
    }
  }

  /// The second step of a cycle, cut anew: the same loss and the same gradient beyond rounding.
  @Test(arguments: [
    "grpo", "dapo_kl", "bnpo", "dr_grpo_kl", "cispo", "sapo_kl", "gspo_grpo_kl", "entropy_kl",
    "masked_grpo", "sparse_kl",
  ]) func theCutDoesNotMatter(run: String) throws {
    for sharing in [false, true] {
      let training = try GRPOTraining(GRPOGoldens("qwen2"), run, sharing: sharing)
      _ = try training.step(1)
      let rows = try training.source.rows(of: 2).batches.flatMap { $0 }
      let whole = try training.runner([rows]), expected = training.gradients(whole)
      for size in [1, 3, 4] {
        let part = try training.runner(
          stride(from: 0, to: rows.count, by: size).map {
            Array(rows[$0..<min($0 + size, rows.count)])
          })
        let what = "\(run), \(size), \(sharing)"
        expectClose(part.loss, whole.loss, atol: 1e-6, rtol: 1e-5, what)
        for (own, whole) in zip(training.gradients(part), expected) {
          let largest = whole.map { abs($0) }.max() ?? 0
          expectClose(own, whole, atol: 1e-4 * Double(largest), rtol: 1e-3, what)
        }
        for name in ["clip_ratio/low_min", "clip_ratio/high_max", "clip_ratio/high_mean", "kl"] {
          guard let mean = whole.mean(name) else { continue }
          expectClose(
            try #require(part.mean(name)), mean, atol: 1e-5, rtol: 1e-5, "\(what), \(name)")
        }
      }
    }
  }

  /// `groups` with the rewards `scores` says of a group's number and a completion's.
  private func groups(
    _ run: String, _ scores: (_ group: Int, _ completion: Int) -> [Double?]
  ) throws -> [SampledGroup] {
    var groups = try GRPOGoldens("qwen2").groups(run)
    for group in groups.indices {
      for place in groups[group].completions.indices {
        groups[group].completions[place].scores = scores(group, place)
      }
    }
    return groups
  }

  @Test func equalRewardsTeachNothing() throws {
    let goldens = try GRPOGoldens("qwen2")
    for score in [[1.5, 0.3], [nil, nil]] as [[Double?]] {
      let training = try GRPOTraining(goldens, "grpo", groups: groups("grpo") { _, _ in score })
      let before = training.adapters.parameters.map(\.tensor.values)
      for step in 1...3 {
        let (result, norm) = try training.step(step)
        #expect(result.isSilent && result.loss == 0 && norm == 0)
      }
      #expect(training.adapters.parameters.map(\.tensor.values) == before)
    }
  }

  /// A group of equal rewards beside another one changes nothing but what the sum is divided by.
  @Test func anEvenGroupOnlyCounts() throws {
    let goldens = try GRPOGoldens("qwen2")
    func result(_ takesAll: Bool) throws -> ([[Float]], StepResult) {
      let training = try GRPOTraining(
        goldens, "dapo", groups: groups("dapo") { $0 == 0 ? [Double($1), 0] : [2, 2] })
      let batches = try training.source.rows(of: 1).batches
      #expect(batches.map(\.count) == [4, 4])
      let result = try training.runner(takesAll ? batches : [batches[0]])
      return (training.gradients(result), result)
    }
    // Both groups have 20 tokens.
    let (both, whole) = try result(true), (one, part) = try result(false)
    #expect(whole.mean("frac_reward_zero_std") == nil)
    expectClose(whole.loss, part.loss / 2, atol: 1e-9, rtol: 1e-6)
    for (both, one) in zip(both, one) {
      let largest = one.map { abs($0) }.max() ?? 0
      expectClose(both, one.map { $0 / 2 }, atol: 1e-6 * Double(largest), rtol: 1e-5)
    }
  }

  /// Completions that the limit ended are neither scored nor computed where they are alone.
  @Test(arguments: ["masked_grpo", "masked_dapo_kl", "masked_gspo"])
  func maskedCompletionsMayBeAlone(run: String) throws {
    let training = try GRPOTraining(GRPOGoldens("qwen2"), run, batchSize: 1)
    for step in 1...2 { #expect(try training.step(step).0.loss.isFinite) }
    var groups = try GRPOGoldens("qwen2").groups(run)
    for group in groups.indices {
      for place in groups[group].completions.indices {
        groups[group].completions[place].isTruncated = true
      }
    }
    let silent = try GRPOTraining(GRPOGoldens("qwen2"), run, groups: groups)
    let (result, norm) = try silent.step(1)
    #expect(result.isSilent && norm == 0)
    try silent.source.rows(of: 1).batches.forEach(silent.runner.checkStart)
  }

  // MARK: Resuming

  func run(
    _ name: String, _ path: String, resuming: Bool = false, stopAfter: Int? = nil,
    batchSize: Int = 4, share: StepShare = .alone, isFull: Bool = false
  ) throws -> [[Float]] {
    let training = try GRPOTraining(
      GRPOGoldens("qwen2"), name, batchSize: batchSize, share: share, isFull: isFull)
    var options = TrainingOptions(
      steps: 7, learningRate: LearningRate(.constant, peak: 2e-3, warmup: 0, total: 7))
    options.saveSteps = 3
    options.evaluationSteps = 7
    let trainer = Trainer(
      training.runner, trainable: training.trainable,
      optimizer: AdamW(training.trainable.parameters), source: training.source, evaluation: nil,
      options: options,
      folder: try RunFolder.shared(by: share.group) {
        try RunFolder(path: path, earlier: resuming ? .isResumed : .isRefused)
      }, judge: nil, observe: { _ in })
    var done = 0
    _ = try trainer.run(resuming: resuming) {
      done += 1
      return done == stopAfter
    }
    return training.adapters.parameters.map(\.tensor.values)
  }

  /// Completions and their old log-probabilities go through the checkpoint, wherever a cycle is left.
  @Test(arguments: ["grpo_kl", "slices_twice_kl", "four_times", "once", "sparse"])
  func aResumedRunHasTheBitsOfAnUninterruptedOne(name: String) throws {
    let whole = TrainerTests.folder(), expected = try run(name, whole)
    for stop in [1, 2, 3, 5] {
      let path = TrainerTests.folder()
      _ = try run(name, path, stopAfter: stop)
      #expect(try run(name, path, resuming: true) == expected, "\(name), \(stop)")
      for file in ["metrics.jsonl", "trainer_state.json"] {
        #expect(
          try readFile("\(path)/\(file)") == readFile("\(whole)/\(file)"), "\(name), \(stop)")
      }
    }
  }

  /// A step within a cycle needs what its sampling was; without it nothing is made up.
  @Test func aStepWithoutItsSamplingIsRefused() throws {
    let training = try GRPOTraining(GRPOGoldens("qwen2"), "grpo_kl")
    let error = #expect(throws: TrainingError.self) { try training.source.rows(of: 2) }
    #expect(try #require(error?.message).contains("which the checkpoint does not hold"))
    _ = try training.source.rows(of: 1)
    #expect(training.source.state(after: 2) == nil)
    let state = try #require(training.source.state(after: 1))
    try training.source.restore(JSONValue(parsing: Array(state.text(.compact).utf8)), after: 1)
    #expect(training.source.state(after: 1) == state)
    for (old, new) in [("\"ids\":[", "\"ids\":[0.5,"), ("\"advantage\"", "\"advance\"")] {
      let text = state.text(.compact).replacing(old, with: new, maxReplacements: 1)
      #expect(throws: TrainingError.self) {
        try training.source.restore(JSONValue(parsing: Array(text.utf8)), after: 1)
      }
    }
  }
}
