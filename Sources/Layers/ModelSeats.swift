import Tensors

/// The places of a model that an adapter can change, in the files' order.
public struct ModelSeats {
  /// Every projection; the output head last.
  public var linears: [Linear]
  /// The attentions of the language model's layers, first to last.
  public var attentions: [SelfAttention]
  /// The embedding of tokens; nil where an adapter's own may not take its place.
  public var embedding: Embedding?
  /// The norms of the language model.
  public var norms: [RMSNorm]
  /// Everything that adds a bias, projections among them.
  public var biased: [any Biased]
  /// Whether the head's weight is the embedding's.
  public var tiesHead: Bool
  /// What the attention of each layer keeps of a text, as a cache would; nil where no model tells.
  public var keysAndValues: ((_ ids: [Int32]) -> [(keys: Tensor, values: Tensor)])?

  /// Names the places; those that are left out take no adapter.
  public init(
    linears: [Linear], attentions: [SelfAttention] = [], embedding: Embedding? = nil,
    norms: [RMSNorm] = [], biased: [any Biased] = [], tiesHead: Bool = false,
    keysAndValues: ((_ ids: [Int32]) -> [(keys: Tensor, values: Tensor)])? = nil
  ) {
    self.linears = linears
    self.attentions = attentions
    self.embedding = embedding
    self.norms = norms
    self.biased = biased
    self.tiesHead = tiesHead
    self.keysAndValues = keysAndValues
  }

  /// The same places, of projections and embedding those alone whose path is `chosen`.
  public func narrowed(to chosen: (_ path: String) -> Bool) -> ModelSeats {
    var seats = self
    seats.linears = linears.filter { chosen($0.path) }
    seats.embedding = embedding.flatMap { chosen($0.path) ? $0 : nil }
    return seats
  }
}
