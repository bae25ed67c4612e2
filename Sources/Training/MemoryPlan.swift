import Layers
import Models
public import Rows
import Tensors

/// Bytes that a training run will have in use at its peak, by kind, from shapes alone: what each layer
/// says that it costs. Held against the pool's own count by a test.
public struct MemoryPlan: Sendable, Hashable {
  /// Texts that pass the model together: their tokens, the longest text, the tokens that are scored,
  /// clips.
  public struct Batch: Sendable, Hashable {
    public var tokens: Int, longest: Int, scored: Int, sound: Sound
    /// Rows of keys and values laid out anew where texts share what they begin with, which is then
    /// computed once; nil where none does.
    public var gathered: Int?
    /// Pieces of text in which they are laid out: texts, and what several begin with.
    public var pieces: Int

    /// Describes a micro-batch.
    public init(
      tokens: Int, longest: Int, scored: Int, gathered: Int? = nil, pieces: Int = 1,
      sound: Sound = Sound()
    ) {
      self.tokens = tokens
      self.longest = longest
      self.scored = scored
      self.gathered = gathered
      self.pieces = pieces
      self.sound = sound
    }
  }

  /// What an evaluation has in use at once, in the place of a step's activations and buffers.
  public struct Evaluation: Sendable, Hashable {
    /// How long the rows become that are answered at once; none: nothing is answered.
    public var answered: [Int]
    /// The texts that are weighed at once; nil: none are.
    public var weighed: Batch?

    /// Describes an evaluation; of nothing when left out.
    public init(answered: [Int] = [], weighed: Batch? = nil) {
      self.answered = answered
      self.weighed = weighed
    }
  }

  /// The model's stored weights as they are read; what is trained; its gradients and moments.
  public let weights: Int, adapter: Int, optimizer: Int
  /// What the way back needs of the largest micro-batch; what operations use for a moment.
  public let activations: Int, buffers: Int
  /// What an evaluation has in use in the place of activations and buffers.
  public let evaluation: Int
  /// The program itself, its tokenizer and data, and what a frozen encoder made of clips.
  public let program: Int
  /// Whether blocks are computed again on the way back.
  public let usesCheckpointing: Bool

  /// What the program grows by once it works: pages of code, the tape, the threads' stacks.
  private static let growth = 10 << 20

  /// All kinds together.
  public var total: Int {
    weights + adapter + optimizer + max(activations + buffers, evaluation) + program
  }

  /// Plans a run over micro-batches up to `batch`. `program` is what is in use already; `reference`
  /// says what a run keeps beside to compare with; `spread` how a step's gradients come together.
  public init(
    _ setup: TrainingSetup, batch: Batch, evaluation: Evaluation = Evaluation(),
    reference: Reference.Kind? = nil, spread: Spread = Spread(), usesCheckpointing: Bool,
    program: Int
  ) {
    let trained = 4 * setup.trainedParameters
    // Weights that are trained are read once; only a reference reads them again.
    weights = setup.trainsAll && reference != .frozen ? 0 : setup.storedBytes
    adapter =
      4 * spread.weights(setup.trainedParameters) + (reference == .snapshot ? trained : 0)
    optimizer = 4 * spread.numbers(setup.trainedParameters)
    let hearing = setup.hearing(batch.sound, usesCheckpointing: usesCheckpointing)
    self.program = program + Self.growth + setup.remembered(batch.sound)
    self.usesCheckpointing = usesCheckpointing
    let cost = setup.cost(batch)
    activations = cost.kept(usesCheckpointing: usesCheckpointing) + hearing.kept
    // The encoder's buffers have other sizes, so those of the blocks come on top of them.
    buffers = cost.passing + hearing.passing
    let answering = setup.answering(evaluation.answered)
    let weighing = evaluation.weighed.map(setup.weighing) ?? 0
    self.evaluation =
      evaluation == Evaluation() ? 0 : max(answering, weighing) + hearing.passing
  }
}

extension TrainingSetup {
  func cost(_ batch: MemoryPlan.Batch) -> ModelCost {
    model.cost(
      passage(
        tokens: batch.tokens, longest: batch.longest,
        needed: .init(min(batch.scored, batch.tokens)), gathered: batch.gathered,
        pieces: batch.pieces),
      scored: batch.scored)
  }

  /// Caches of rows that grow to these lengths, and one pass over all of them.
  fileprivate func answering(_ lengths: [Int]) -> Int {
    guard let longest = lengths.max() else { return 0 }
    let lengths = lengths.map { $0 + virtualTokens }
    // Each sequence has the virtual tokens for itself.
    let batch = MemoryPlan.Batch(
      tokens: lengths.reduce(0, +), longest: longest, scored: 0, pieces: lengths.count)
    return model.cacheBytes(of: lengths) + cost(batch).passing
  }

  /// One pass over texts whose log-probabilities are asked for, with the states that predict.
  fileprivate func weighing(_ batch: MemoryPlan.Batch) -> Int {
    let cost = cost(batch), laid = batch.gathered ?? 0
    let keys = model.config.keyValueHeads * model.config.headDimension
    return cost.passing + cost.head.kept + 2 * Buffer.bytes(laid * keys)
  }
}
