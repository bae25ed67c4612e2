import Models
import Rows
import Tensors

/// The sizes of an audio encoder that decide about memory. Counted high rather than low: clips are
/// short beside the rows that they stand in.
struct AudioShapes: Sendable {
  private let layers: Int, width: Int, inner: Int, heads: Int, bins: Int
  /// The width of the language model, in which features are kept.
  private let features: Int
  /// The ranks of one layer's low-rank parts together.
  private let ranks: Int
  /// Whether anything in the encoder, or behind it in the projector, is trained: otherwise it keeps
  /// nothing for a way back.
  private let isTrained: Bool
  /// Bytes of convolutions and positions as they are read; projections count with the model's.
  let storedBytes: Int

  init(_ side: AudioSide, ranks: Int, isTrained: Bool) {
    let encoder = side.encoder
    let config = encoder.config, modules = encoder.modules
    layers = config.layers
    width = config.width
    inner = config.feedForward
    heads = config.heads
    bins = config.melBins
    features = side.projector.linear.weight.rows
    self.ranks = (ranks + config.layers - 1) / config.layers
    self.isTrained = isTrained
    storedBytes =
      modules.convolutions.reduce(0) { $0 + $1.weight.storedBytes }
      + modules.positions.weight.storedBytes
  }

  /// Positions of so many frames: the second convolution takes every other one.
  private func positions(_ frames: Int) -> Int { (frames + 1) / 2 }

  /// The features that a frozen encoder has made and will not make again.
  func remembered(_ sound: Sound) -> Int {
    isTrained ? 0 : min(AudioMemory.limit, Buffer.bytes(sound.all / 4 * features))
  }

  /// What the encoder keeps for its way back. The convolutions: their inputs, and what GELU reads. A
  /// layer: its input, q, k and v, the attention's output, the sum with the residual, and what GELU
  /// reads; of a layer that is computed again, its input.
  func kept(_ sound: Sound, usesCheckpointing: Bool) -> Int {
    guard isTrained, sound.frames > 0 else { return 0 }
    let rows = positions(sound.frames)
    let layer =
      6 * Buffer.bytes(width * rows) + Buffer.bytes(inner * rows)
      + Buffer.bytes((heads + 4 + ranks) * rows)
    let convolutions =
      Buffer.bytes(2 * rows * bins) + Buffer.bytes(2 * rows * width) + Buffer.bytes(rows * width)
    let input = Buffer.bytes(rows * width)
    return convolutions + 3 * input
      + (usesCheckpointing ? layers * input + layer : layers * layer)
  }

  /// The most that operations have beside what is kept, forward or on the way back: in the
  /// convolutions their windows side by side and gradients, in a layer those of the feed-forward and
  /// the attention. A frozen encoder hears one clip after the other.
  func passing(_ sound: Sound) -> Int {
    guard sound.longest > 0 else { return 0 }
    let rows = positions(isTrained ? sound.frames : sound.longest)
    let convolutions =
      2 * Buffer.bytes(2 * rows * 3 * bins) + 3 * Buffer.bytes(2 * rows * width)
      + 2 * Buffer.bytes(3 * rows * width)
    let layer = 4 * Buffer.bytes(rows * inner) + 10 * Buffer.bytes(rows * width)
    let attention = positions(sound.longest) * (3 * width / max(heads, 1) + 4 * Asking.block)
    return convolutions + layer + Parallel.threads * Buffer.bytes(attention)
  }
}
