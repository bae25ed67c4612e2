import Formats
import Layers
import Tensors

/// A decoder-only language model: embedding, blocks, norm, head. One that hears has an audio side,
/// whose features take the places of embedded tokens. A reward model has the head of a score in the
/// place of the vocabulary's (`ModelConfig.head`).
///
/// The families differ in what their blocks are assembled from (`Families.swift`); the equations here
/// hold for all.
public final class CausalLanguageModel {
  /// The folder's configuration.
  public let config: ModelConfig
  let embedding: Embedding
  let blocks: [DecoderBlock]
  let norm: RMSNorm
  /// The output matrix; its weight is the embedding's when the two are tied. Of a reward model, the one
  /// row that makes a score of a state.
  public let head: Linear
  /// The encoder of sound; nil in a model of text alone.
  public let audio: AudioSide?
  /// Whether blocks, the encoder's too, are computed again on the way back instead of kept.
  public var usesCheckpointing = false {
    didSet { audio?.encoder.usesCheckpointing = usesCheckpointing }
  }
  /// Who is told where a pass is, part by part; nil: nobody.
  public var observer: (any PassObserver)?
  let rotary: RotaryEmbedding

  init(
    config: ModelConfig, embedding: Embedding, blocks: [DecoderBlock], norm: RMSNorm, head: Linear,
    audio: AudioSide?
  ) {
    self.config = config
    self.embedding = embedding
    self.blocks = blocks
    self.norm = norm
    self.head = head
    self.audio = audio
    rotary = RotaryEmbedding(config)
  }

  /// What decides how a text of `length` tokens is rotated: texts that share a beginning must be of one
  /// class. 0 for all texts, unless the rotary scaling asks for their length, in which virtual tokens
  /// count.
  public func rotaryClass(_ length: Int) -> Int { rotary.lengthClass(virtualTokens + length) }

  /// The last hidden states after the final norm, [tokens, hidden]; of the tokens `rows` alone where
  /// they are named, in rising order. With `caches`, one per layer, segment i continues sequence i
  /// from what its cache holds. `media` stands at its places instead of the tokens' embeddings.
  /// `shared` says which segments go on from one another. `classes` are the segments' texts' classes
  /// where the segments are not whole texts (`rotaryClass`). Virtual tokens stand before every text;
  /// of them no states are returned. Behind a `stem`, ids and segments are what follows it.
  public func hidden(
    _ ids: [Int32], _ segments: Segments, rows: [Int]? = nil, caches: [KeyValueCache]? = nil,
    media: MediaRows? = nil, shared: SharedPrefix? = nil, classes: [Int]? = nil,
    behind stem: Stem? = nil
  ) -> Tensor {
    precondition(ids.count == segments.tokens, "model: \(ids.count) ids, \(segments.tokens) tokens")
    if let rows, rows.isEmpty { return Tensor(rows: 0, columns: config.hiddenSize, values: []) }
    let reading =
      caches?.first.map { Reading(segments, goingOnFrom: $0.lengths, by: self) }
      ?? Reading(
        segments, continuing: shared?.parents, classes: classes, behind: stem, by: self)
    observer?.begin()
    var x = within(parts.embedding) { embedding(ids) }
    if let media { x = replaceRows(x, media.places, with: media.features) }
    x = reading.prompted(x, by: embedding.prompt)
    let span = Span(
      segments: reading.segments,
      rotary: rotary.table(reading.positions, reading.segments, classes: reading.classes),
      caches: caches, shared: reading.shared, given: stem?.layers)
    let needed = reading.places(of: rows)
    for (index, block) in blocks.enumerated() {
      let isLast = index == blocks.count - 1
      let span = if isLast, let needed { span.narrowed(to: needed) } else { span }
      x = within(parts.block(index)) {
        usesCheckpointing ? checkpoint(x) { block($0, span) } : block(x, span)
      }
    }
    return within(parts.norm) { norm(x) }
  }

  /// Computes a part; whoever observes the pass hears of it, on the way back too.
  private func within(_ part: Int, _ body: () -> Tensor) -> Tensor {
    guard let observer else { return body() }
    observer.enter(part)
    defer { observer.leave(part) }
    return body().reporting(part, to: observer)
  }

  /// Logits of hidden states, [rows, vocabulary].
  public func logits(_ hidden: Tensor) -> Tensor { throughHead { $0(hidden) } }

  /// What `body` makes of hidden states by the head, the last part of a pass.
  public func throughHead<Result>(_ body: (Linear) -> Result) -> Result {
    guard let observer else { return body(head) }
    observer.enter(parts.head)
    defer { observer.leave(parts.head) }
    return body(head)
  }

  /// Every projection that can carry an adapter, in the files' order: those of the audio side, those
  /// of the blocks, then the head.
  public var linears: [Linear] { (audio?.linears ?? []) + projections + [head] }

  /// The places that adapters can change.
  public var seats: ModelSeats {
    ModelSeats(
      linears: linears, attentions: blocks.map(\.attention), embedding: embedding,
      norms: modules.norms, biased: (audio?.encoder.biased ?? []) + linears,
      tiesHead: config.tiesWordEmbeddings, keysAndValues: keysAndValues)
  }

  /// The blocks' projections, through which every token passes.
  public var projections: [Linear] { blocks.flatMap(\.linears) }

  /// The same, block by block.
  public var projectionsOfBlocks: [[Linear]] { blocks.map(\.linears) }

  /// Every stored weight of the language model: path and matrix, for inspection.
  public var modules: (embedding: Embedding, linears: [Linear], norms: [RMSNorm]) {
    (embedding, projections + [head], blocks.flatMap(\.norms) + [norm])
  }

  /// What full fine-tuning leaves as it is, but a saved model must hold: the encoder's positions.
  public var constants: [NamedTensor] { audio?.encoder.constants ?? [] }

  /// Makes every weight but the `constants` a trained leaf in f32, for full fine-tuning; returns them
  /// under their names in the files. A tied head trains the embedding. `each` hears of the leaves of one
  /// part of the model after the other, as soon as they are there.
  public func unfreeze(
    each: (_ part: Int, _ leaves: [NamedTensor]) -> Void = { _, _ in }
  ) -> [NamedTensor] {
    var leaves = audio?.unfreeze() ?? []
    func add(_ part: Int, _ own: [NamedTensor]) {
      each(part, own)
      leaves += own
    }
    add(parts.embedding, embedding.unfreeze())
    for (index, block) in blocks.enumerated() {
      add(
        parts.block(index),
        block.linears.flatMap { $0.unfreeze() } + block.norms.flatMap { $0.unfreeze() })
    }
    add(parts.norm, norm.unfreeze())
    if parts.tiesHead {
      leaves += head.unfreeze(sharing: embedding.weight)
    } else {
      add(parts.head, head.unfreeze())
    }
    return leaves
  }
}

extension ModelConfig {
  /// The attention's heads.
  public var heads: HeadShape {
    HeadShape(queries: attentionHeads, keys: keyValueHeads, width: headDimension)
  }
}
