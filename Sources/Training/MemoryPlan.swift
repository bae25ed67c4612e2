import Layers
import Models
import Tensors

/// Bytes that a training run will have in use at its peak, by kind, from shapes alone.
///
/// It follows what the operations keep: see `Kept` and `Recall` in Tensors. Held against the pool's
/// own count by a test.
public struct MemoryPlan: Sendable, Hashable {
  /// The largest micro-batch: its tokens, its longest row, the tokens it trains.
  public struct Batch: Sendable, Hashable {
    public var tokens: Int, longest: Int, trained: Int

    /// Describes a micro-batch.
    public init(tokens: Int, longest: Int, trained: Int) {
      self.tokens = tokens
      self.longest = longest
      self.trained = trained
    }
  }

  /// The model's stored weights as they are read; what is trained; its gradients and moments.
  public let weights: Int, adapter: Int, optimizer: Int
  /// What the way back needs of the largest micro-batch; what operations use for a moment.
  public let activations: Int, buffers: Int
  /// The caches of the rows that are answered at once when the run evaluates; they take the place of
  /// activations and buffers.
  public let evaluation: Int
  /// The program itself, its tokenizer and data.
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
    evaluation = shapes.evaluation(of: answered)
    self.program = program + Self.growth
    self.usesCheckpointing = usesCheckpointing
    let block = shapes.kept(tokens: batch.tokens)
    let input = Buffer.bytes(batch.tokens * shapes.hidden)
    activations =
      (usesCheckpointing ? shapes.layers * input + block : shapes.layers * block)
      + shapes.keptByHead(rows: batch.trained)
    buffers = max(
      shapes.passing(tokens: batch.tokens, longest: batch.longest),
      shapes.passingAtHead(rows: batch.trained))
  }
}

/// The sizes of a model that decide about memory.
public struct ModelShapes: Sendable {
  let layers: Int, hidden: Int, inner: Int, vocabulary: Int
  let queries: Int, keys: Int, heads: Int, keyHeads: Int
  let hasHeadNorms: Bool
  /// Bytes of all weights that a pass reads.
  let storedBytes: Int
  /// Numbers that are trained, and the ranks of one block's low-rank parts together.
  let trainedParameters: Int, ranks: Int
  /// Whether the blocks are not quantized yet.
  public let isQuantizable: Bool
  /// Whether the attention's output projection is trained or adapted: then it keeps its input.
  let keepsAttended: Bool

  /// The sizes of `model`, its blocks quantized as `quantization` says where they are not yet, with
  /// adapters of `rank` on the projections named so (nil: all), or trained in full with `rank` nil.
  public init(
    _ model: CausalLanguageModel, quantization: Quantization?, rank: Int?, targets: Set<String>?
  ) {
    let config = model.config, projections = model.linears.dropLast()
    layers = config.layers
    hidden = config.hiddenSize
    inner = config.intermediateSize
    vocabulary = config.vocabularySize
    isQuantizable = config.quantization == nil
    queries = config.attentionHeads * config.headDimension
    keys = config.keyValueHeads * config.headDimension
    heads = config.attentionHeads
    keyHeads = config.keyValueHeads
    hasHeadNorms = model.modules.norms.count > 2 * config.layers + 1
    storedBytes = projections.reduce(model.head.weight.storedBytes) { sum, linear in
      guard config.quantization == nil, let quantization else {
        return sum + linear.weight.storedBytes
      }
      return sum + quantization.storedBytes(linear.weight.rows * linear.weight.columns)
    }
    let adapted = projections.filter { targets?.contains($0.name) ?? true }
    if let rank {
      trainedParameters = adapted.reduce(0) { $0 + rank * ($1.weight.rows + $1.weight.columns) }
      ranks = rank * adapted.count / max(config.layers, 1)
      keepsAttended = adapted.contains { $0.name == "o_proj" }
    } else {
      let matrices = projections.reduce(0) { $0 + $1.weight.rows * $1.weight.columns }
      let head = model.head.weight, embeddings = config.tiesWordEmbeddings ? 1 : 2
      trainedParameters = matrices + embeddings * head.rows * head.columns
      ranks = 0
      keepsAttended = true
    }
  }

  /// What one block keeps for its way back: its input, q, k and v, the attention's output, the sum
  /// with the residual, gate and up. Norms, rotations and silu(gate) · up are computed again.
  func kept(tokens: Int) -> Int {
    let wide = [hidden, queries, keys, keys, keepsAttended ? queries : 0, hidden, inner, inner]
    let narrow = heads + 2 + (hasHeadNorms ? heads + keyHeads : 0) + ranks
    return (wide + [narrow]).reduce(0) { $0 + Buffer.bytes($1 * tokens) }
  }

  /// What the loss keeps: hidden states, before and after the last norm, and their gradient.
  func keptByHead(rows: Int) -> Int { 3 * Buffer.bytes(rows * hidden) }

  /// The most that operations on the way back have beside what is kept: around SwiGLU, three matrices
  /// of the feed-forward's width and one of them packed; around attention, q and k computed again and
  /// their gradients; the residual's gradients. Buffers of one size are used again for no other, so
  /// these add up.
  func passing(tokens: Int, longest: Int) -> Int {
    let wide =
      4 * Buffer.bytes(tokens * inner) + 3 * Buffer.bytes(tokens * hidden)
      + 4 * Buffer.bytes(tokens * queries) + 3 * Buffer.bytes(tokens * keys)
    let attention = longest * (3 * queries / max(heads, 1) + 4 * Asking.block)
    return wide + Parallel.threads * Buffer.bytes(attention)
  }

  /// Caches of keys and values of sequences of these lengths, and one pass over all of them.
  func evaluation(of lengths: [Int]) -> Int {
    guard let longest = lengths.max() else { return 0 }
    return lengths.reduce(0) { $0 + 2 * layers * Buffer.bytes($1 * keys) }
      + passing(tokens: lengths.reduce(0, +), longest: longest)
      + 2 * Buffer.bytes(lengths.count * vocabulary)
  }

  /// Scores of a part of the vocabulary, as they are and packed.
  func passingAtHead(rows: Int) -> Int {
    let part = min(rows, 1024)
    return 2 * Buffer.bytes(part * min(2048, vocabulary)) + 2 * Buffer.bytes(part * hidden)
  }
}
