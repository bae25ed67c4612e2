import Formats
import Layers

/// The places of a model that an adapter can change.
public struct AdapterSeats {
  /// Every projection, in the files' order; the output head among them.
  public let linears: [Linear]
  /// The embedding of tokens; nil where an adapter's own may not take its place.
  public let embedding: Embedding?
  /// Whether the head's weight is the embedding's.
  public let tiesHead: Bool

  /// Names the places.
  public init(linears: [Linear], embedding: Embedding? = nil, tiesHead: Bool = false) {
    self.linears = linears
    self.embedding = embedding
    self.tiesHead = tiesHead
  }

  /// The head that shares the embedding's weight, if there is one.
  var tiedHead: Linear? { tiesHead ? linears.first { $0.name == "lm_head" } : nil }

  /// What `modules_to_save` can mean.
  var matrices: [any Substitutable] {
    (embedding.map { [$0] } ?? []) + linears.filter { AdapterTargets.isHead($0.path) }
  }

  /// The head of a score, in a reward model.
  var scoreHead: Linear? { linears.first { $0.path == AdapterTargets.scoreHead } }
}
