import Formats
import JSON
import TestSupport
import Testing

@testable import Training

/// Ten optimizer steps on recorded completions against trl's GRPOTrainer: `Tests/Goldens/grpo`.
@Suite struct GRPORunTests {
  static let families = ["llama", "qwen2", "qwen3"]
  static let runs: [(family: String, name: String)] = families.flatMap { family in
    ((try? GRPOGoldens(family).names) ?? []).map { (family, $0) }
  }

  @Test func everyRunIsFound() { #expect(Self.runs.count == 49 + 2 * 6) }

  /// What trl logs of each step, and the advantages of each sampling.
  @Test(arguments: runs) func steps(of run: (family: String, name: String)) throws {
    let goldens = try GRPOGoldens(run.family)
    let steps = try goldens.steps(run.name)
    try #require(steps.count == 10)
    let training = try GRPOTraining(goldens, run.name)
    let log = try TRLLog(goldens, run.name)
    for (index, expected) in steps.enumerated() {
      let (result, norm) = try training.step(index + 1)
      let isFirst = index == 0, what = "\(run.name), step \(index + 1)"
      let loss = try #require(expected["loss"]?.double)
      let goldenNorm = try #require(expected["grad_norm"]?.double)
      expectClose(result.loss, loss, atol: 2e-6, rtol: isFirst ? 1e-4 : 2e-3, what)
      expectClose(norm, goldenNorm, atol: 1e-5, rtol: isFirst ? 1e-4 : 2e-3, "\(what), norm")
      for (name, value) in try #require(expected.object)
      where name != "loss" && name != "grad_norm" {
        let mean = try #require(result.mean(name), "\(what), \(name)")
        let value = log.expected(name, try #require(value.double), step: index, ours: mean)
        expectClose(mean, value, atol: 1e-4, rtol: 1e-3, "\(what), \(name)")
      }
      #expect((result.mean("reward") == nil) == (expected["reward"] == nil), "\(what)")
    }
    let advantages = try goldens.rows("advantages", of: run.name)
    #expect(training.groups.advantages.count == advantages.count)
    for (own, expected) in zip(training.groups.advantages, advantages) {
      expectClose(own, expected, atol: 1e-6, rtol: 1e-5, "\(run.name), advantages")
    }
  }

  /// Every gradient of the step whose gradients the folder has: the first one, or, of runs that hold to
  /// the reference, the second, where ratios have left 1.
  @Test(arguments: runs) func gradients(of run: (family: String, name: String)) throws {
    let goldens = try GRPOGoldens(run.family)
    let file = try SafeTensorsFile(path: goldens.folder + "/gradients.safetensors")
    let number = run.name.hasSuffix("_kl") ? 2 : 1, prefix = "\(run.name)/\(number)/"
    guard file.entries.keys.contains(where: { $0.hasPrefix(prefix) }) else {
      #expect(!["grpo", "dapo", "grpo_kl", "gspo_grpo_kl"].contains(run.name))
      return
    }
    let training = try GRPOTraining(goldens, run.name)
    for step in 1..<number { _ = try training.step(step) }
    let gradients = training.gradients(try training.result(number))
    for (parameter, gradient) in zip(training.adapters.parameters, gradients) {
      let expected = try file.floats(prefix + parameter.name)
      let largest = expected.map { abs($0) }.max() ?? 0
      expectClose(
        gradient, expected, atol: (number == 1 ? 1e-5 : 1e-4) * Double(largest), rtol: 1e-3,
        "\(run.name), \(parameter.name)")
    }
  }
}

/// What of trl's log says something else than ours.
private struct TRLLog {
  private let name: String
  private let isCut: Bool, leavesOut: Bool
  private let advantages: [[Double]], entropies: [[Double]]
  private let lengths: [[Double]]

  init(_ goldens: GRPOGoldens, _ run: String) throws {
    let settings = try goldens.settings(run)
    name = run
    isCut = settings["batch_size"]?.int != 8
    // Without a divergence completions that teach nothing are not computed.
    leavesOut = settings["rewards"]?.string == "sparse" && settings["beta"]?.double == 0
    advantages = try goldens.rows("advantages", of: run)
    entropies = leavesOut ? try goldens.rows("entropies", of: run) : []
    let groups = try goldens.groups(run).map { $0.completions.map { Double($0.ids.count) } }
    lengths = stride(from: 0, to: groups.count, by: 2).map { groups[$0] + groups[$0 + 1] }
  }

  /// What ours is to be where trl says `value`.
  func expected(_ metric: String, _ value: Double, step: Int, ours: Double) -> Double {
    // trl tells the mean of the micro-batches' greatest ones, ours the greatest one of the step.
    if isCut, metric == "clip_ratio/high_max" { return max(value, ours) }
    if isCut, metric == "clip_ratio/low_min" { return min(value, ours) }
    let sampling = step / 2, advantages = advantages[sampling % advantages.count]
    // Where all rewards of a step have one spread, trl says of none that its group has no spread.
    if name == "sparse_batch_kl", metric == "frac_reward_zero_std" {
      let groups = [advantages[..<4], advantages[4...]]
      return Double(groups.count { $0.allSatisfy { $0 == 0 } }) / 2
    }
    guard leavesOut else { return value }
    let lengths = lengths[sampling % lengths.count]
    let taught = zip(advantages, lengths).reduce(0) { $0 + ($1.0 == 0 ? 0 : $1.1) }
    if metric == "entropy" {
      let sum = zip(zip(advantages, lengths), entropies[step]).reduce(0) {
        $0 + ($1.0.0 == 0 ? 0 : $1.0.1 * $1.1)
      }
      return sum / taught
    }
    let isMean = metric.hasPrefix("clip_ratio/") && metric.hasSuffix("_mean")
    return isMean ? value * lengths.reduce(0, +) / taught : value
  }
}
