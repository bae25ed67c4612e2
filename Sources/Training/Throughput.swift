import Adapters
import Formats
import Layers
import Models
import Objectives
import Tasks
import Tensors

/// Times optimizer steps on random tokens.
public struct Throughput: Sendable {
  /// Tokens per row, rows per step, timed steps, trained tokens at each row's end.
  public var length: Int, batch: Int, steps: Int, supervised: Int

  /// Describes a measurement.
  public init(length: Int, batch: Int, steps: Int, supervised: Int) {
    self.length = length
    self.batch = batch
    self.steps = steps
    self.supervised = min(supervised, length - 1)
  }

  /// What was measured.
  public struct Result: Sendable {
    /// Seconds of each timed step, in order.
    public let seconds: [Double]
    /// Floating-point operations that a step needs, recomputation not counted.
    public let flops: Double
    /// The loss of each step, to show that something was learned.
    public let losses: [Double]
    /// The middle step's seconds.
    public var median: Double { seconds.sorted()[seconds.count / 2] }
  }

  /// Runs one step to warm up and `steps` timed ones with AdamW.
  public func measure(_ model: CausalLanguageModel, _ trainable: Trainable, progress: (Int) -> Void)
    throws -> Result
  {
    let optimizer = AdamW(trainable.parameters)
    let random = Random(seed: 1), vocabulary = UInt64(model.config.vocabularySize)
    let samples = (0..<batch).map { row in
      Sample(
        ids: (0..<length).map { Int32(random.bits(row * length + $0) % vocabulary) },
        isTrained: (0..<length).map { $0 >= length - supervised }, source: "row \(row)")
    }
    var seconds: [Double] = [], losses: [Double] = []
    let clock = ContinuousClock()
    for number in 1...steps + 1 {
      let start = clock.now
      let result = try model.step(samples, batchSize: batch) { _ in }
      optimizer.update(
        result.gradients, step: number, learningRate: 1e-4, norm: optimizer.norm(result.gradients),
        maximumNorm: 1)
      if number > 1 {
        seconds.append((clock.now - start) / .seconds(1))
        losses.append(result.loss)
      }
      progress(number)
    }
    return Result(seconds: seconds, flops: flops(model, trainable), losses: losses)
  }

  /// Forward and backward products of a step: 2 per weight and token each way, as much again where
  /// the weight is trained, causal attention, adapters, and the head on trained rows only.
  func flops(_ model: CausalLanguageModel, _ trainable: Trainable) -> Double {
    let tokens = Double(length * batch), rows = Double(supervised * batch), config = model.config
    let isFull = if case .full = trainable { true } else { false }
    let ways: Double = isFull ? 6 : 4
    let head = model.head.weight
    let projections = model.linears.dropLast().reduce(0.0) {
      $0 + Double($1.weight.rows * $1.weight.columns)
    }
    let adapters = isFull ? 0 : trainable.parameters.reduce(0.0) { $0 + Double($1.tensor.count) }
    // Two products forward and four backward over half of the score matrix.
    let attention =
      6 * 2 * 0.5 * Double(length) * tokens
      * Double(config.attentionHeads * config.headDimension * config.layers)
    return ways * projections * tokens + 6 * adapters * tokens + attention
      + ways * Double(head.rows * head.columns) * rows
  }
}
