import Models
import Rows
import Tensors

/// Bytes that a training run will have in use at its peak, by kind, from shapes alone.
///
/// It follows what the operations keep: see `Kept` and `Recall` in Tensors. Held against the pool's
/// own count by a test.
public struct MemoryPlan: Sendable, Hashable {
  /// The largest micro-batch: its tokens, its longest row, the tokens it trains, its clips.
  public struct Batch: Sendable, Hashable {
    public var tokens: Int, longest: Int, trained: Int, sound: Sound

    /// Describes a micro-batch.
    public init(tokens: Int, longest: Int, trained: Int, sound: Sound = Sound()) {
      self.tokens = tokens
      self.longest = longest
      self.trained = trained
      self.sound = sound
    }
  }

  /// The model's stored weights as they are read; what is trained; its gradients and moments.
  public let weights: Int, adapter: Int, optimizer: Int
  /// What the way back needs of the largest micro-batch; what operations use for a moment.
  public let activations: Int, buffers: Int
  /// The caches of the rows that are answered at once when the run evaluates; they take the place of
  /// activations and buffers.
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

  /// Plans a run over micro-batches up to `batch`, whose evaluations answer rows that grow to the
  /// lengths `answered` at once. `program` is what is in use already.
  public init(
    _ shapes: ModelShapes, batch: Batch, answered: [Int] = [], usesCheckpointing: Bool,
    program: Int
  ) {
    let trained = 4 * shapes.trainedParameters
    weights = shapes.storedBytes
    adapter = trained
    optimizer = 3 * trained
    let encoding = shapes.audio?.passing(batch.sound) ?? 0
    evaluation = shapes.evaluation(of: answered) + (answered.isEmpty ? 0 : encoding)
    self.program = program + Self.growth + (shapes.audio?.remembered(batch.sound) ?? 0)
    self.usesCheckpointing = usesCheckpointing
    let block = shapes.kept(tokens: batch.tokens)
    let input = Buffer.bytes(batch.tokens * shapes.hidden)
    activations =
      (usesCheckpointing ? shapes.layers * input + block : shapes.layers * block)
      + shapes.keptByHead(rows: batch.trained)
      + (shapes.audio?.kept(batch.sound, usesCheckpointing: usesCheckpointing) ?? 0)
    // The encoder's buffers have other sizes, so those of the blocks come on top of them.
    buffers =
      max(
        shapes.passing(tokens: batch.tokens, longest: batch.longest),
        shapes.passingAtHead(rows: batch.trained)) + encoding
  }
}
