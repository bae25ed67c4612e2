import Formats
import Layers
import Tensors

/// Qwen2-Audio's encoder (Chu et al. 2024), Whisper's (Radford et al. 2022) with average pooling
/// before the last norm: two convolutions, positions, layers, pooling, norm.
///
/// Clips are packed, not padded to 30 s: it runs over the frames that there are, and no clip sees
/// another. transformers computes the same over 3000 frames and masks what is beyond the clip's end.
public final class AudioEncoder {
  /// The encoder's shape.
  public let config: AudioConfig
  let convolutions: (first: Convolution, second: Convolution)
  let positions: Embedding
  let blocks: [EncoderBlock]
  let norm: LayerNorm
  /// Whether blocks are computed again on the way back instead of kept.
  public var usesCheckpointing = false

  init(
    config: AudioConfig, convolutions: (Convolution, Convolution), positions: Embedding,
    blocks: [EncoderBlock], norm: LayerNorm
  ) {
    self.config = config
    self.convolutions = convolutions
    self.positions = positions
    self.blocks = blocks
    self.norm = norm
  }

  /// The clips' tokens, one clip after the other: [Σ tokens, width].
  public func callAsFunction(_ clips: [AudioClip]) -> Tensor {
    if clips.isEmpty { return Tensor(rows: 0, columns: config.width, values: []) }
    let lengths = clips.map { AudioClip.positions(frames: $0.frames) }
    let segments = Segments(lengths: lengths), asking = Asking(segments, isCausal: false)
    var x = convolved(clips, lengths) + positions(segments.positions.map(Int32.init))
    for block in blocks {
      x = usesCheckpointing ? checkpoint(x) { block($0, asking) } : block(x, asking)
    }
    return norm(averagePairs(x, segments))
  }

  /// [Σ positions, width]. Of the first convolution's rows only those are computed which the second
  /// reads; the frames of a clip beyond 30 s are absent, as from transformers' features.
  private func convolved(_ clips: [AudioClip], _ lengths: [Int]) -> Tensor {
    let read = clips.map { min($0.features.rows, AudioClip.maximumFrames) }
    let first = Windows(Segments(lengths: read), counts: lengths.map { 2 * $0 })
    let second = Windows(first.outputs, stride: 2)
    let frames = concatenateRows(zip(clips, read).map { ($0.features, 0..<$1) })
    return gelu(convolutions.second(gelu(convolutions.first(frames, first)), second))
  }

  /// Every projection that can carry an adapter, in the files' order.
  public var linears: [Linear] { blocks.flatMap(\.linears) }

  /// Every stored weight, for inspection.
  public var modules:
    (convolutions: [Convolution], positions: Embedding, linears: [Linear], norms: [LayerNorm])
  {
    (
      [convolutions.first, convolutions.second], positions, linears,
      blocks.flatMap(\.norms) + [norm]
    )
  }

  /// Everything that adds a bias but the projections.
  var biased: [any Biased] {
    [convolutions.first, convolutions.second] + blocks.flatMap(\.norms) + [norm]
  }

  /// Makes every weight but the positions a trained leaf in f32 and returns them under their names in
  /// the files. transformers, too, leaves the positions as they are.
  public func unfreeze() -> [NamedTensor] {
    var leaves = convolutions.first.unfreeze() + convolutions.second.unfreeze()
    for block in blocks {
      leaves += block.linears.flatMap { $0.unfreeze() } + block.norms.flatMap { $0.unfreeze() }
    }
    return leaves + norm.unfreeze()
  }

  /// What full fine-tuning leaves as it is, but a saved model must hold.
  public var constants: [NamedTensor] {
    [NamedTensor(name: positions.path + ".weight", tensor: positions.weight.tensor())]
  }
}

/// The encoder's tokens in the language model's width.
public final class AudioProjector {
  /// `multi_modal_projector.linear`
  public let linear: Linear

  init(linear: Linear) { self.linear = linear }

  /// x [tokens, the encoder's width] to [tokens, the language model's width].
  public func callAsFunction(_ x: Tensor) -> Tensor { linear(x) }

  /// Its projection.
  public var linears: [Linear] { [linear] }

  /// Makes its weights trained leaves and returns them under their names in the files.
  public func unfreeze() -> [NamedTensor] { linear.unfreeze() }
}
