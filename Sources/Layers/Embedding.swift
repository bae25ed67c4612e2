import Tensors

/// Token ids to feature rows.
public final class Embedding {
  /// The module's path in the model's files.
  public let path: String
  /// [vocabulary, features]
  public internal(set) var weight: Weight
  /// Rows of virtual tokens that stand before every text, [tokens, features]; nil for none (Lester et
  /// al. 2021).
  public var prompt: Tensor?
  /// What sits on it; nil for the base alone.
  public var adapter: (any EmbeddingAdapter)?

  /// Creates an embedding.
  public init(path: String, weight: Weight) {
    self.path = path
    self.weight = weight
  }

  /// The rows of `ids`, through the adapter if one sits here.
  public func callAsFunction(_ ids: [Int32]) -> Tensor {
    adapter?(ids, through: self) ?? base(ids)
  }

  /// The rows of `ids` alone.
  public func base(_ ids: [Int32]) -> Tensor { embed(ids, weight) }
}
