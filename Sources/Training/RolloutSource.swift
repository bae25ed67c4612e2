public import JSON
public import Objectives
import Ranks
import Tasks

/// How sampled completions become steps.
public struct RolloutPlan: Sendable {
  /// Completions of a micro-batch, and of a step.
  public var batchSize: Int, completionsPerStep: Int
  /// Steps that share out the completions of one sampling, and how often that is repeated.
  public var stepsPerSampling: Int, iterations: Int
  /// What rewards become, and what each of them counts.
  public var advantages: Advantages, weights: [Double]
  /// Whether completions that the greatest length ended teach nothing.
  public var masksTruncated: Bool

  /// Describes a plan.
  public init(
    batchSize: Int, completionsPerStep: Int, stepsPerSampling: Int = 1, iterations: Int = 1,
    advantages: Advantages = Advantages(), weights: [Double], masksTruncated: Bool = false
  ) {
    self.batchSize = batchSize
    self.completionsPerStep = completionsPerStep
    self.stepsPerSampling = stepsPerSampling
    self.iterations = iterations
    self.advantages = advantages
    self.weights = weights
    self.masksTruncated = masksTruncated
  }

  /// Steps that learn from one sampling.
  public var cycle: Int { stepsPerSampling * iterations }
}

/// Steps over completions that the model has sampled itself (GRPO). Completions are a function of the
/// seed, the sampling's number and the weights; those that several steps learn from live in checkpoints
/// between.
public final class RolloutSource: StepSource {
  private let source: any GroupSource
  private let plan: RolloutPlan, runner: StepRunner
  private var sampling: Sampling?
  private var signal = SignalWatch()

  /// Steps over the groups of `source`, which `runner` computes.
  public init(_ source: any GroupSource, _ plan: RolloutPlan, runner: StepRunner) {
    self.source = source
    self.plan = plan
    self.runner = runner
  }

  /// Epochs done after step `step`.
  public func progress(after step: Int) -> Double {
    Double(step) / Double(plan.cycle) * source.epochsPerSampling
  }

  /// The completions of step `step`: newly sampled where a cycle begins.
  public func rows(of step: Int) throws -> StepRows {
    let (number, place) = (step - 1).quotientAndRemainder(dividingBy: plan.cycle)
    var told = StepRows([])
    if place == 0 { told = try sample(number, step) }
    guard let sampling, sampling.number == number else {
      throw TrainingError(
        .refused,
        "step \(step) goes on with the completions of step \(step - place), which the checkpoint does "
          + "not hold; resume from an earlier one")
    }
    told.set(
      batches(sampling.rows(of: place % plan.stepsPerSampling, plan), isFirst: place == 0))
    return told
  }

  /// Begins a cycle; what is to be told of it.
  private func sample(_ number: Int, _ step: Int) throws -> StepRows {
    let sampled = try source.sampling(number), groups = sampled.groups
    let rewards = groups.map { group in
      Advantages.rewards(group.completions.map(\.scores), weights: plan.weights)
    }
    let advantages = plan.advantages(rewards)
    let shown = try runner.share.group.together("what is kept of samples") {
      try source.record(groups, rewards: rewards, advantages: advantages, step: step)
    }
    sampling = Sampling(number, groups, advantages)
    if plan.cycle > 1 { try fixOldLogProbabilities() }
    let statistics = SamplingStatistics(groups, rewards, advantages, names: source.rewards)
    return StepRows(
      [], metrics: sampled.metrics + statistics.metrics,
      distributions: SamplingStatistics.distributions(groups, rewards, names: source.rewards),
      notes: shown + signal.notes(adding: statistics), parts: sampled.parts)
  }

  /// Micro-batches, those that teach nothing apart from the others. Once weights have moved since the
  /// sampling, what the decoder said no longer counts.
  private func batches(_ rows: [TrainingRow], isFirst: Bool) -> [[TrainingRow]] {
    let rows = rows.map { row in
      var row = row
      if !isFirst { row.sampling?.decoded = nil }
      return row
    }
    return [rows.filter(\.teaches), rows.filter { !$0.teaches }].flatMap { rows in
      stride(from: 0, to: rows.count, by: plan.batchSize).map {
        Array(rows[$0..<min($0 + plan.batchSize, rows.count)])
      }
    }
  }

  /// Notes how likely training finds each token before the first step of a cycle: ratios begin at 1.
  private func fixOldLogProbabilities() throws {
    guard var sampling else { return }
    for slice in 0..<plan.stepsPerSampling {
      let rows = sampling.rows(of: slice, plan)
      let first = slice * plan.completionsPerStep
      let places =
        rows.indices.filter { rows[$0].teaches } + rows.indices.filter { !rows[$0].teaches }
      let values = try runner.logProbabilities(of: batches(rows, isFirst: true))
      for (place, values) in zip(places, values) { sampling.old[first + place] = values }
    }
    self.sampling = sampling
  }
}

extension RolloutSource {
  /// Completions that later steps learn from, too.
  public func state(after step: Int) -> JSONValue? {
    step % plan.cycle == 0 ? nil : sampling?.json
  }

  /// Takes completions back that a checkpoint holds.
  public func restore(_ state: JSONValue, after step: Int) throws {
    sampling = try Sampling(json: state) { try source.prompt($0, epoch: $1) }
    guard sampling != nil else {
      throw TrainingError(
        .refused, "the checkpoint of step \(step) holds completions that cannot be read")
    }
  }
}

extension TrainingRow {
  /// Whether the completion is better or worse than could be expected.
  fileprivate var teaches: Bool { sampling?.advantage != 0 }
}
