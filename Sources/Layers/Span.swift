import Tensors

/// What every layer must know of the tokens it works on: where sequences end, which positions they
/// have, and what came before them.
public struct Span {
  /// The packed sequences.
  public let segments: Segments
  /// cos and sin of each token's position.
  public let rotary: RotaryTable
  /// A cache for each layer when decoding; nil in training.
  public let caches: [KeyValueCache]?

  /// Describes the tokens of one forward pass.
  public init(segments: Segments, rotary: RotaryTable, caches: [KeyValueCache]? = nil) {
    self.segments = segments
    self.rotary = rotary
    self.caches = caches
  }
}
