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
  }

  /// What is minimized.
  public var objective: Objective
  /// Tokens per text, rows per step, timed steps, trained tokens at each text's end.
  public var length: Int, batch: Int, steps: Int, supervised: Int
  /// Whether the reference is computed in each step, as in the first epoch of a run, or kept.
  public var computesReference: Bool

  /// Describes a measurement.
  public init(
    _ objective: Objective = .sft, length: Int, batch: Int, steps: Int, supervised: Int,
    computesReference: Bool = false
  ) {
    self.objective = objective
    self.length = length
    self.batch = batch
    self.steps = steps
    self.supervised = min(supervised, length - 1)
    self.computesReference = computesReference
  }

  /// Tokens of a step's texts: of a pair the prompt counts twice.
  public var tokens: Int { length * batch * (objective == .dpo ? 2 : 1) }

  /// Tokens that a step reads: of a pair the prompt once, and no answer's last token, from which
  /// nothing is predicted.
  public var tokensRead: Int { reading.reduce(0) { $0 + $1.count } * batch }

  /// Tokens that a step scores.
  public var tokensScored: Int { predicting.reduce(0) { $0 + $1.count } * batch }

  /// Of a row's tokens that are read: how many tokens each one sees, itself included.
  private var reading: [Range<Int>] {
    guard objective == .dpo else { return [1..<length + 1] }
    let prompt = length - supervised
    return [1..<prompt + 1, prompt + 1..<length, prompt + 1..<length]
  }

  /// The same of those that predict a trained token.
  private var predicting: [Range<Int>] {
    Array(repeating: length - supervised..<length, count: objective == .dpo ? 2 : 1)
  }

  /// What was measured.
  public struct Result: Sendable {
    /// Seconds of each timed step, in order.
    public let seconds: [Double]
    /// Floating-point operations that a step needs, recomputation not counted.
    public let flops: Double
    /// The loss of each step, to show that something was learned.
    public let losses: [Double]
    /// Where the time of the timed steps went, by operation.
    public let operations: [(name: String, entry: Stopwatch.Entry)]
    /// The middle step's seconds.
    public var median: Double { seconds.sorted()[seconds.count / 2] }
  }

  /// Runs one step to warm up and `steps` timed ones with AdamW.
  public func measure(_ model: CausalLanguageModel, _ trainable: Trainable, progress: (Int) -> Void)
    throws -> Result
  {
    let optimizer = AdamW(trainable.parameters)
    var seconds: [Double] = [], losses: [Double] = []
    let clock = ContinuousClock(), watch = Stopwatch()
    let runner = try runner(model, trainable), rows = rows(of: model, runner)
    func step(_ number: Int) throws {
      let start = clock.now
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
      seconds: Array(seconds.dropFirst()), flops: flops(model, trainable),
      losses: Array(losses.dropFirst()), operations: watch.entries)
  }

  private func runner(
    _ model: CausalLanguageModel, _ trainable: Trainable
  ) throws(TrainingError) -> StepRunner {
    guard objective == .dpo else {
      return StepRunner(model, terms: [Term(SFT())], sharesPrefixes: false)
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

  /// Forward and backward products of a step: 2 per weight and token each way, as much again where
  /// the weight is trained, causal attention, adapters, and the head on trained rows only. The last
  /// block needs keys and values of all tokens, the rest of trained rows alone; the first one passes
  /// nothing back to what lies below it. A reference is not counted.
  func flops(_ model: CausalLanguageModel, _ trainable: Trainable) -> Double {
    let tokens = Double(tokensRead), config = model.config
    let rows = Double(tokensScored)
    func size(_ weight: Weight) -> Double { Double(weight.rows * weight.columns) }
    let head = model.head, blocks = model.projectionsOfBlocks
    let narrowed = (blocks.last ?? []).filter { !["k_proj", "v_proj"].contains($0.name) }
    // How many tokens pass each projection; none those of an encoder, since rows hold no clips.
    var passing = Dictionary(uniqueKeysWithValues: blocks.joined().map { ($0.path, tokens) })
    for linear in narrowed + [head] { passing[linear.path] = rows }
    func products(_ linears: some Sequence<Linear>) -> Double {
      linears.reduce(0) { $0 + size($1.weight) * (passing[$1.path] ?? 0) }
    }
    // Embeddings pass no gradient to a frozen table, so three products of the first block are
    // forward only.
    let unneeded =
      trainable.adapters == nil
      ? 0
      : products((blocks.first ?? []).filter { ["q_proj", "k_proj", "v_proj"].contains($0.name) })
    let ways: Double = trainable.adapters == nil ? 6 : 4
    let adapters = (trainable.adapters?.sizes ?? []).reduce(0) {
      $0 + Double($1.count) * (passing[$1.path] ?? 0)
    }
    // Two products forward and four backward over what each row sees: the row itself and all before
    // it, or a window of them.
    func pairs(_ sights: [Range<Int>], _ rule: ModelConfig.AttentionRule) -> Double {
      sights.joined().reduce(0.0) { $0 + Double(min($1, rule.window ?? .max)) } * Double(batch)
    }
    let seen = config.attention.suffix(1).reduce(0.0) { $0 + pairs(predicting, $1) }
    let all = config.attention.dropLast().reduce(0.0) { $0 + pairs(reading, $1) }
    let attention = 6 * 2 * Double(config.attentionHeads * config.headDimension) * (all + seen)
    return ways * products(blocks.joined() + [head]) - 2 * unneeded + 6 * adapters + attention
  }
}
