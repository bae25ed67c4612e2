import Adapters
import Formats
import Layers
import Models
import Objectives
import Tasks
import Tensors

/// Times optimizer steps on random tokens.
public struct Throughput: Sendable {
  /// What is minimized.
  public enum Objective: String, Sendable, CaseIterable {
    /// Cross-entropy of single texts.
    case sft
    /// Pairs of texts that share their prompt.
    case dpo
    /// Prompts, each with a group of completions that the model samples first.
    case grpo
  }

  /// What is minimized.
  public var objective: Objective
  /// Tokens per text, rows per step, timed steps, trained tokens at each text's end.
  public var length: Int, batch: Int, steps: Int, supervised: Int
  /// Whether the reference is computed in each step, as in the first epoch of a run, or kept.
  public var computesReference: Bool
  /// Completions of a prompt.
  public var group: Int

  /// Describes a measurement.
  public init(
    _ objective: Objective = .sft, length: Int, batch: Int, steps: Int, supervised: Int,
    computesReference: Bool = false, group: Int = 8
  ) {
    self.objective = objective
    self.length = length
    self.batch = batch
    self.steps = steps
    self.supervised = min(supervised, length - 1)
    self.computesReference = computesReference
    self.group = group
  }

  /// Texts of a row.
  var texts: Int {
    switch objective {
    case .sft: 1
    case .dpo: 2
    case .grpo: group
    }
  }

  /// Tokens of a step's texts: the prompt counts once for each.
  public var tokens: Int { length * batch * texts }

  /// Tokens that a step reads: of several texts the prompt once, and no answer's last token, from which
  /// nothing is predicted.
  public var tokensRead: Int { reading.reduce(0) { $0 + $1.count } * batch }

  /// Tokens that a step scores.
  public var tokensScored: Int { supervised * batch * texts }

  /// Of a row's tokens that are read: how many tokens each one sees, itself included.
  private var reading: [Range<Int>] {
    guard objective != .sft else { return [1..<length + 1] }
    let prompt = length - supervised
    return [1..<prompt + 1] + Array(repeating: prompt + 1..<length, count: texts)
  }

  /// The same of those that predict a trained token; a shared prompt's last one predicts several.
  private var asking: [Range<Int>] {
    let first = length - supervised..<length
    return [first] + Array(repeating: first.lowerBound + 1..<length, count: texts - 1)
  }

  /// What was measured.
  public struct Result: Sendable {
    /// Seconds of each timed step, in order.
    public let seconds: [Double]
    /// Seconds of each that went by while completions were sampled; empty where none are.
    public let sampling: [Double]
    /// Floating-point operations that a step's learning needs, recomputation not counted.
    public let flops: Double
    /// The loss of each step, to show that something was learned.
    public let losses: [Double]
    /// Where the time of the timed steps went, by operation.
    public let operations: [(name: String, entry: Stopwatch.Entry)]
    /// The middle step's seconds, sampling included.
    public var median: Double { seconds.sorted()[seconds.count / 2] }
    /// The middle step's seconds of sampling.
    public var medianSampling: Double? {
      sampling.isEmpty ? nil : sampling.sorted()[sampling.count / 2]
    }
  }

  /// Runs one step to warm up and `steps` timed ones with AdamW.
  public func measure(_ model: CausalLanguageModel, _ trainable: Trainable, progress: (Int) -> Void)
    throws -> Result
  {
    let optimizer = AdamW(trainable.parameters)
    var seconds: [Double] = [], losses: [Double] = [], sampling: [Double] = []
    let clock = ContinuousClock(), watch = Stopwatch()
    let runner = try runner(model, trainable)
    let kept = objective == .grpo ? [] : rows(of: model, runner)
    func step(_ number: Int) throws {
      let start = clock.now
      let rows = objective == .grpo ? try sampled(of: model, step: number) : kept
      if objective == .grpo { sampling.append((clock.now - start) / .seconds(1)) }
      let result = try runner([rows])
      optimizer.update(
        result.gradients, step: number, learningRate: 1e-4, norm: optimizer.norm(result.gradients),
        maximumNorm: 1)
      seconds.append((clock.now - start) / .seconds(1))
      losses.append(result.loss)
      progress(number)
    }
    try step(1)
    for number in 2...steps + 1 { try watch.measure { try step(number) } }
    return Result(
      seconds: Array(seconds.dropFirst()), sampling: Array(sampling.dropFirst()),
      flops: cost(model, trainable).flops,
      losses: Array(losses.dropFirst()), operations: watch.entries)
  }

  private func runner(
    _ model: CausalLanguageModel, _ trainable: Trainable
  ) throws(TrainingError) -> StepRunner {
    switch objective {
    case .sft: return StepRunner(model, terms: [Term(SFT())], sharesPrefixes: false)
    case .grpo: return StepRunner(model, terms: [Term(GRPO())])
    case .dpo: break
    }
    guard let adapters = trainable.adapters else {
      throw TrainingError(.refused, "pairs are timed with adapters alone")
    }
    return StepRunner(
      model, terms: [Term(DPO())], reference: .base(of: model, below: adapters))
  }

  /// Rows of random tokens.
  private func rows(of model: CausalLanguageModel, _ runner: StepRunner) -> [TrainingRow] {
    let random = Random(seed: 1), vocabulary = UInt64(model.config.vocabularySize)
    func text(_ row: Int, _ role: Sample.Role) -> Sample {
      let other = role == .rejected ? batch * length : 0
      return Sample(
        ids: (0..<length).map { place in
          let isAnswer = place >= length - supervised
          let index = row * length + place + (isAnswer ? other : 0)
          return Int32(random.bits(index) % vocabulary)
        }, isTrained: (0..<length).map { $0 >= length - supervised }, source: "row \(row)",
        role: role)
    }
    return (0..<batch).map { number in
      guard objective == .dpo else { return TrainingRow([text(number, .whole)], index: number) }
      let pair = TrainingRow([text(number, .chosen), text(number, .rejected)], index: number)
      guard !computesReference, let reference = runner.reference else { return pair }
      return TrainingRow(
        pair.texts, index: number, reference: reference.logProbabilities(runner.scored([pair])))
    }
  }

  /// What a step costs, as the layers say; a reference is not counted, nor, where that is asked for,
  /// what attention computes of pairs of tokens.
  func cost(
    _ model: CausalLanguageModel, _ trainable: Trainable, countsAttention: Bool = true
  ) -> ModelCost {
    let setup = TrainingSetup(model, quantization: nil, adapters: trainable.adapters?.config)
    func all(_ sights: [Range<Int>]) -> [Range<Int>] {
      countsAttention ? Array(repeating: sights, count: batch).flatMap { $0 } : []
    }
    let pass = setup.passage(
      tokens: tokensRead, longest: length, asking: all(reading),
      needed: .init(asking.reduce(0) { $0 + $1.count } * batch, sights: all(asking)),
      gathered: gathered, pieces: pieces)
    return model.cost(pass, scored: tokensScored)
  }

  /// What a step's memory plan is made for.
  public var planned: MemoryPlan.Batch {
    .init(
      tokens: tokensRead, longest: length, scored: tokensScored, gathered: gathered,
      pieces: pieces)
  }

  /// Texts, and prompts that several of them share.
  private var pieces: Int { batch * (texts + (objective == .sft ? 0 : 1)) }

  /// Rows of keys and values that texts with a common prompt see: it by itself and before each answer.
  private var gathered: Int? {
    objective == .sft ? nil : (length - supervised + texts * (length - 1)) * batch
  }
}
