import Tensors

/// What every layer must know of the tokens it works on: where sequences end, which positions they
/// have, which of them are still needed, and what came before them.
public struct Span {
  /// The packed sequences and the tokens that ask.
  public let asking: Asking
  /// cos and sin of each token's position; of each asking token's.
  public let rotary: RotaryTable, askingRotary: RotaryTable
  /// A cache for each layer when decoding; nil in training.
  public let caches: [KeyValueCache]?
  /// Which segments go on from one another; nil where none does.
  public let shared: SharedPrefix?
  /// Each layer's keys and values that stand before those of every text, in the stead of what the layer
  /// itself has there; nil for its own.
  let given: [(keys: Tensor, values: Tensor)]?
  /// The tokens that are still needed, rising; nil for all.
  private let needed: [Int]?

  /// Describes the tokens of one forward pass, all of which ask.
  public init(
    segments: Segments, rotary: RotaryTable, caches: [KeyValueCache]? = nil,
    shared: SharedPrefix? = nil, given: [(keys: Tensor, values: Tensor)]? = nil
  ) {
    precondition(caches == nil || shared == nil, "span: shared prefixes need no caches")
    precondition(given == nil || shared != nil, "span: given keys stand before shared segments")
    asking = shared?.asking(Array(0..<segments.tokens)) ?? Asking(segments)
    self.rotary = rotary
    askingRotary = rotary
    self.caches = caches
    self.shared = shared
    self.given = given
    needed = nil
  }

  private init(_ span: Span, tokens: [Int]) {
    asking = span.shared?.asking(tokens) ?? Asking(span.asking.segments, tokens: tokens)
    shared = span.shared
    given = span.given
    needed = tokens
    rotary = span.rotary
    askingRotary = span.rotary.rows(tokens)
    caches = span.caches
  }

  /// The same tokens, of which only `tokens` (rising) are needed from here on: the last block
  /// computes keys and values for all, and the rest for these.
  public func narrowed(to tokens: [Int]) -> Span { Span(self, tokens: tokens) }

  /// The asking tokens' rows of x.
  public func asked(_ x: Tensor) -> Tensor {
    guard let needed, needed.count < x.rows else { return x }
    return selectRows(x, needed)
  }
}
