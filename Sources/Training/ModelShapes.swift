import Formats
import Layers
import Models
import Tensors

/// The sizes of a model that decide about memory.
public struct ModelShapes: Sendable {
  let layers: Int, hidden: Int, inner: Int, vocabulary: Int
  let queries: Int, keys: Int, heads: Int, keyHeads: Int
  let normsHeads: Bool
  /// Bytes of all weights that a pass reads.
  let storedBytes: Int
  /// Numbers that are trained, and the ranks of one block's low-rank parts together.
  let trainedParameters: Int, ranks: Int
  /// Whether the blocks are not quantized yet.
  public let isQuantizable: Bool
  /// Whether the attention's output projection is trained or adapted: then it keeps its input.
  let keepsAttended: Bool
  /// The sizes of the encoder of a model that hears.
  let audio: AudioShapes?

  /// The sizes of `model`, its blocks quantized as `quantization` says where they are not yet, with
  /// the adapters that `adapters` describes, or trained in full where it is nil.
  public init(
    _ model: CausalLanguageModel, quantization: Quantization?, adapters: AdapterConfig?
  ) {
    let config = model.config
    layers = config.layers
    hidden = config.hiddenSize
    inner = config.intermediateSize
    vocabulary = config.vocabularySize
    isQuantizable = config.quantization == nil
    queries = config.attentionHeads * config.headDimension
    keys = config.keyValueHeads * config.headDimension
    heads = config.attentionHeads
    keyHeads = config.keyValueHeads
    normsHeads = model.normsHeads
    let stored = model.linears.dropLast().reduce(model.head.weight.storedBytes) { sum, linear in
      guard config.quantization == nil, let quantization else {
        return sum + linear.weight.storedBytes
      }
      return sum + quantization.storedBytes(linear.weight.rows * linear.weight.columns)
    }
    let matched = Self.adapted(model, adapters), blocks = matched.filter(\.isInBlocks)
    if adapters != nil {
      trainedParameters = matched.reduce(0) { $0 + $1.rank * ($1.rows + $1.columns) }
      ranks = blocks.reduce(0) { $0 + $1.rank } / max(config.layers, 1)
      keepsAttended = blocks.contains { $0.name == "o_proj" }
    } else {
      let matrices = model.linears.dropLast().reduce(0) { $0 + $1.weight.rows * $1.weight.columns }
      let head = model.head.weight, embeddings = config.tiesWordEmbeddings ? 1 : 2
      let convolutions = model.audio?.encoder.modules.convolutions ?? []
      trainedParameters =
        matrices + embeddings * head.rows * head.columns
        + convolutions.reduce(0) { $0 + $1.weight.rows * $1.weight.columns }
      ranks = 0
      keepsAttended = true
    }
    let inAudio = matched.filter { !$0.isInBlocks }
    audio = model.audio.map {
      AudioShapes(
        $0, ranks: inAudio.reduce(0) { $0 + $1.rank },
        isTrained: adapters == nil || !inAudio.isEmpty)
    }
    storedBytes = stored + (audio?.storedBytes ?? 0)
  }

  /// A projection that carries an adapter.
  private struct Adapted { let name: String, rank: Int, rows: Int, columns: Int, isInBlocks: Bool }

  private static func adapted(_ model: CausalLanguageModel, _ adapters: AdapterConfig?) -> [Adapted]
  {
    guard var adapters else { return [] }
    adapters.targets = adapters.targets.named(among: model.linears.map(\.path))
    func adapted(_ linears: [Linear], isInBlocks: Bool) -> [Adapted] {
      linears.filter { adapters.adapts($0.path) }.map {
        Adapted(
          name: $0.name, rank: adapters.rank(of: $0.path), rows: $0.weight.rows,
          columns: $0.weight.columns, isInBlocks: isInBlocks)
      }
    }
    return adapted(model.audio?.linears ?? [], isInBlocks: false)
      + adapted(model.projections, isInBlocks: true)
  }

  /// What one block keeps for its way back: its input, q, k and v, the attention's output, the sum
  /// with the residual, gate and up. Norms, rotations and silu(gate) · up are computed again.
  func kept(tokens: Int) -> Int {
    let wide = [hidden, queries, keys, keys, keepsAttended ? queries : 0, hidden, inner, inner]
    let narrow = heads + 2 + (normsHeads ? heads + keyHeads : 0) + ranks
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
