import Formats
import Layers
import Tensors

/// Rows of single tokens that are trained whole, in the place of the embedding's
/// (`trainable_token_indices`).
final class TokenRows: EmbeddingAdapter, Seated {
  let embedding: Embedding
  let ids: [Int], rows: Tensor
  private let places: [Int32: Int]

  init(of embedding: Embedding, _ ids: [Int], _ rows: Tensor) {
    self.embedding = embedding
    self.ids = ids
    self.rows = rows
    places = Dictionary(uniqueKeysWithValues: zip(ids.map { Int32($0) }, ids.indices))
  }

  var path: String { embedding.path }
  func sit() { embedding.adapter = self }
  func lift() { embedding.adapter = nil }
  func copy() -> any Seated { TokenRows(of: embedding, ids, rows.copy()) }

  func callAsFunction(_ ids: [Int32], through embedding: Embedding) -> Tensor {
    // Of texts that have none of them the gradient is 0, as in torch: they go on by their moments.
    let own = ids.indices.filter { places[ids[$0]] != nil }
    return replaceRows(
      embedding.base(ids), own, with: selectRows(rows, own.compactMap { places[ids[$0]] }))
  }

  var parameters: [NamedTensor] { [.tokens(rows, of: path)] }
}

/// The same of a head: rows of its matrix, its own ones or those of the embedding whose weight it shares.
final class HeadRows: LinearAdapter, Seated {
  let head: Linear
  let ids: [Int], rows: Tensor
  private let isShared: Bool
  /// The head's matrix with these rows in it, made when the first pass asks for it.
  private var whole: Tensor?

  init(of head: Linear, _ ids: [Int], _ rows: Tensor, isShared: Bool) {
    self.head = head
    self.ids = ids
    self.rows = rows
    self.isShared = isShared
  }

  var path: String { head.path }
  func sit() { head.adapter = self }

  func lift() {
    head.adapter = nil
    whole = nil
  }

  func copy() -> any Seated { HeadRows(of: head, ids, rows.copy(), isShared: isShared) }

  func callAsFunction(_ x: Tensor, through linear: Linear) -> Tensor {
    if x.slot != nil { return project(x, own(linear)) }
    return linear.base(x).replacing(columns: ids, with: project(x, .tensor(rows.detached)))
  }

  func weight(of linear: Linear) -> Weight? { own(linear) }

  private func own(_ linear: Linear) -> Weight {
    let whole = self.whole ?? linear.weight.tensor().copy()
    self.whole = whole
    return .tensor(writeRows(rows, into: whole, ids))
  }

  var parameters: [NamedTensor] { isShared ? [] : [.tokens(rows, of: path)] }
}

extension NamedTensor {
  fileprivate static func tokens(_ rows: Tensor, of path: String) -> NamedTensor {
    NamedTensor(
      name: AdapterTensors.name("token_adapter.trainable_tokens_delta", of: path), tensor: rows,
      shape: [rows.rows, rows.columns])
  }
}

extension AdapterConfig {
  /// What `trainable_token_indices` says. A head that shares the embedding's weight follows its rows,
  /// unless it has others of its own.
  func savedRows(of seats: ModelSeats, from source: AdapterSource) throws(FormatError)
    -> [any Seated]
  {
    var seated: [any Seated] = []
    var embedded: (ids: [Int], rows: Tensor)?
    let tokens = method.savedTokens, lists = Set(tokens.values)
    for (name, ids) in tokens {
      for layer in try seats.layers(named: name, "trainable_token_indices", source) {
        if layer === seats.tiedHead, tokens.count > 1, lists.count == 1 { continue }
        let rows = try source.rows(ids, of: layer)
        if let embedding = layer as? Embedding {
          seated.append(TokenRows(of: embedding, ids, rows))
          embedded = (ids, rows)
        } else if let head = layer as? Linear, AdapterTargets.isHead(head.path) {
          seated.append(HeadRows(of: head, ids, rows, isShared: false))
        } else {
          throw FormatError(
            .unsupported, source.place("trainable_token_indices"),
            "trainable_token_indices names '\(name)'; rows of tokens have embed_tokens and lm_head alone"
          )
        }
      }
    }
    guard let head = seats.tiedHead, let embedded,
      !seated.contains(where: { $0.path == head.path })
    else { return seated }
    return seated + [HeadRows(of: head, embedded.ids, embedded.rows, isShared: true)]
  }
}

extension AdapterSource {
  /// The rows of `ids`: the layer's own at first.
  fileprivate func rows(_ ids: [Int], of layer: any Substitutable) throws(FormatError) -> Tensor {
    let (vocabulary, width) = (layer.stored.rows, layer.stored.columns)
    if let id = ids.first(where: { $0 >= vocabulary }) {
      throw FormatError(
        .malformed, place("trainable_token_indices"),
        "trainable_token_indices names token \(id), the model has \(vocabulary)")
    }
    let part = "token_adapter.trainable_tokens_delta"
    return try matrix(part, of: layer.path, ids.count, width) { _ in
      embed(ids.map { Int32($0) }, layer.stored).detached
    }.asLeaf()
  }
}
