import Adapters
import Formats
import JSON
import Models
import Objectives
import Tasks
import TestSupport
import Testing

@testable import Training

/// What trl says of a family's runs on recorded completions: `Tests/Goldens/grpo`.
struct GRPOGoldens {
  let folder: String, model: String
  private let runs: JSONValue, samplings: JSONValue
  /// The runs' names.
  let names: [String]

  init(_ family: String) throws {
    let goldens = GoldenRunTests.goldens
    folder = "\(goldens)/grpo/\(family)"
    model = "\(goldens)/models/\(family)"
    runs = try #require(try JSONValue(readingFile: folder + "/runs.json")["runs"])
    names = Array(try #require(runs.object).keys)
    samplings = try JSONValue(readingFile: "\(goldens)/grpo/samplings.json")
  }

  /// The steps of a run.
  func steps(_ run: String) throws -> [JSONValue] { try #require(runs[run]?["steps"]?.array) }

  /// The options of a run.
  func settings(_ run: String) throws -> JSONValue { try #require(runs[run]?["settings"]) }

  /// The advantages of each sampling, or the mean entropy of each completion of each step.
  func rows(_ name: String, of run: String) throws -> [[Double]] {
    try #require(runs[run]?[name]?.array).map { try #require($0.array).compactMap(\.double) }
  }

  /// What the run minimizes.
  func grpo(_ run: String) throws -> GRPO {
    let settings = try settings(run)
    func number(_ name: String) throws -> Double { try #require(settings[name]?.double) }
    func choice<Choice: RawRepresentable<String>>(_ name: String) throws -> Choice {
      try #require(Choice(rawValue: settings[name]?.string ?? ""))
    }
    return GRPO(
      try choice("loss_type"), level: try choice("importance_sampling_level"),
      epsilon: try number("epsilon"), epsilonHigh: settings["epsilon_high"]?.double,
      delta: settings["delta"]?.double, beta: try number("beta"),
      correctsDivergence: try #require(settings["use_bias_correction_kl"]?.bool as Bool?),
      temperatures: (try number("sapo_temperature_pos"), try number("sapo_temperature_neg")),
      maximumLength: try #require(settings["max_completion_length"]?.int),
      entropyQuantile: try number("top_entropy_quantile"))
  }

  /// How the run's completions become steps; `batchSize` nil: cut as trl cuts them.
  func plan(_ run: String, batchSize: Int?) throws -> RolloutPlan {
    let settings = try settings(run)
    func count(_ name: String) throws -> Int { try #require(settings[name]?.int) }
    let scale = try #require(GRPORecipe.Scale(rawValue: settings["scale_rewards"]?.string ?? ""))
    return RolloutPlan(
      batchSize: try batchSize ?? count("batch_size"), completionsPerStep: 8,
      stepsPerSampling: try count("steps_per_sampling"), iterations: try count("num_iterations"),
      advantages: Advantages(scale: scale),
      weights: try #require(settings["reward_weights"]?.array).compactMap(\.double),
      masksTruncated: try #require(settings["mask_truncated_completions"]?.bool as Bool?))
  }

  /// The file's groups, two of each sampling, with the rewards that the run looks at.
  func groups(_ run: String) throws -> [SampledGroup] {
    let rewards = try #require(settings(run)["rewards"]?.string)
    return try #require(samplings["samplings"]?.array).flatMap { $0.array ?? [] }.enumerated().map {
      row, group in
      let ids = try Self.ids(group["prompt_ids"])
      return SampledGroup(
        row: row,
        prompt: Sample(ids: ids, isTrained: ids.map { _ in false }, source: "prompt \(row)"),
        completions: try #require(group["completions"]?.array).map {
          let ids = try Self.ids($0["ids"])
          return .init(
            ids: ids, isTruncated: ids.last != 2,
            scores: try #require($0[rewards]?.array).map(\.double))
        })
    }
  }

  private static func ids(_ value: JSONValue?) throws -> [Int32] {
    try #require(value?.array).compactMap(\.int).map(Int32.init)
  }
}

/// Groups of a file, in its order and then again.
final class FixedGroups: GroupSource {
  let rewards = ["first", "second"]
  private let all: [SampledGroup], perSampling: Int
  /// The advantages of each sampling, its groups one behind the other.
  private(set) var advantages: [[Double]] = []

  init(_ all: [SampledGroup], perSampling: Int) {
    self.all = all
    self.perSampling = perSampling
  }

  func sampling(_ number: Int) -> SampledGroups {
    SampledGroups((0..<perSampling).map { all[(number * perSampling + $0) % all.count] })
  }

  func prompt(_ row: Int, epoch _: Int) -> Sample { all[row].prompt }

  var epochsPerSampling: Double { Double(perSampling) / Double(all.count) }

  func record(
    _: [SampledGroup], rewards _: [[Double?]], advantages: [[Double]], step _: Int
  ) -> [String] {
    self.advantages.append(advantages.flatMap(\.self))
    return []
  }
}

/// A run that goes along with one of trl's.
final class GRPOTraining {
  let adapters: AdapterSet, trainable: Trainable
  let groups: FixedGroups
  let source: RolloutSource
  let runner: StepRunner
  private let optimizer: AdamW
  private let learningRate: Double

  /// The run `run` on its own completions, or on `groups`.
  init(
    _ goldens: GRPOGoldens, _ run: String, batchSize: Int? = nil, groups: [SampledGroup]? = nil,
    sharing: Bool = true, share: StepShare = .alone, isFull: Bool = false
  ) throws {
    var model = try CausalLanguageModel(folder: goldens.model)
    adapters = try AdapterSet.load(folder: goldens.model + "/adapter", on: model.seats)
    var reference = Reference.snapshot(of: model, with: adapters)
    if !isFull {
      trainable = .adapter(adapters)
    } else {
      model = try CausalLanguageModel(folder: goldens.model)
      trainable = .full(model, share)
      reference = .frozen(try CausalLanguageModel(folder: goldens.model))
    }
    let grpo = try goldens.grpo(run), plan = try goldens.plan(run, batchSize: batchSize)
    let settings = try goldens.settings(run)
    var runner = StepRunner(
      model, terms: [Term(grpo)],
      reference: grpo.usesReference ? reference : nil,
      sharesPrefixes: sharing, temperature: try #require(settings["temperature"]?.double),
      comparesPasses: plan.cycle > 1)
    runner.share = share
    self.runner = runner
    self.groups = FixedGroups(
      try groups ?? goldens.groups(run), perSampling: 2 * plan.stepsPerSampling)
    source = RolloutSource(self.groups, plan, runner: runner)
    optimizer = AdamW(adapters.parameters)
    learningRate = try #require(settings["learning_rate"]?.double)
  }

  /// Loss and gradients of step `number`, without an update. Steps are taken in turn.
  func result(_ number: Int) throws -> StepResult {
    let rows = try source.rows(of: number)
    var result = try runner(rows.batches)
    result.metrics += rows.metrics
    return result
  }

  /// Step `number` with its update, and the norm of its gradient.
  func step(_ number: Int) throws -> (StepResult, norm: Double) {
    let result = try result(number), norm = optimizer.norm(result.gradients)
    optimizer.update(
      result.gradients, step: number, learningRate: learningRate, norm: norm, maximumNorm: nil,
      missing: result.isSilent ? .zero : .untouched)
    return (result, norm)
  }

  /// The gradient of each parameter; none where nothing was learnt.
  func gradients(_ result: StepResult) -> [[Float]] {
    adapters.parameters.map { $0.tensor.slot.flatMap { result.gradients[$0]?.values } ?? [] }
  }
}
