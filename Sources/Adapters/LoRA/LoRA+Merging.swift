import Formats
import Layers
import Tensors

extension LoRA: Merging {
  /// A product is added, unless the base's codes are others with it.
  var isAdditive: Bool { residual == nil }

  /// A bias of its own is no part of a product.
  var product: LowRankProduct? {
    guard offset == nil else { return nil }
    let (a, b) = factors.whole
    return LowRankProduct(path: path, a: a.detached, b: b.detached, scale: factors.scale)
  }

  /// W + share · s · B A, and b + share · s · c.
  func merged(share: Float) throws(FormatError) -> [MergedTensor] {
    let (a, b) = factors.whole, own = (factors.a.detached, factors.b.detached)
    let scale = factors.scale * share, base = linear.weight, residual = residual?.weight
    let weight = MergedTensor(
      name: path + ".weight", shape: [base.rows, base.columns], isDerived: true
    ) {
      if $0 == nil, let residual { return residual.adding(own.1, own.0, scale: scale) }
      return ($0 ?? base).adding(b.detached, a.detached, scale: scale)
    }
    guard let offset else { return [weight] }
    guard let bias = linear.bias else {
      throw FormatError(
        .unsupported, AdapterConfig.fileName,
        "lora_bias: '\(path)' has no bias in the base, so that there is no place for the adapter's; serve "
          + "it with its base")
    }
    return [
      weight,
      MergedTensor(name: path + ".bias", shape: [bias.count], isDerived: true) {
        ($0?.tensor() ?? bias.detached) + scale * offset.detached
      },
    ]
  }
}

extension DoRA: Merging {
  /// (m / n) ∘ (W + s · B A).
  func merged(share: Float) -> [MergedTensor] {
    let (a, b, scale) = (factors.a.detached, factors.b.detached, factors.scale)
    let magnitude = magnitude.detached, base = linear.weight
    return [
      MergedTensor(name: path + ".weight", shape: [base.rows, base.columns], isDerived: true) {
        let weight = $0 ?? base
        let norms = weight.rowNorms(plus: a, b, scale: scale, squares: weight.rowSquares)
        let shares = zip(magnitude.values, norms.values).map { $0 / $1 }
        return scaleRows(
          weight.adding(b, a, scale: scale),
          by: Tensor(rows: weight.rows, columns: 1, values: shares))
      }
    ]
  }
}

extension EmbeddingLoRA: Merging {
  /// A product is added.
  var isAdditive: Bool { true }

  /// E + share · s · Aᵀ Bᵀ.
  func merged(share: Float) -> [MergedTensor] {
    let (a, b, scale, base) = (a.transposed(), b.transposed(), scale * share, embedding.weight)
    return [
      MergedTensor(name: path + ".weight", shape: [base.rows, base.columns], isDerived: true) {
        ($0 ?? base).adding(a, b, scale: scale)
      }
    ]
  }
}

extension TrainedBias: Merging {
  /// The adapter's own.
  func merged(share: Float) -> [MergedTensor] {
    let own = own.detached
    return [
      MergedTensor(name: path + ".bias", shape: [own.count], isDerived: false) { _ in own }
    ]
  }
}

extension TokenRows: Merging {
  /// The embedding with the adapter's rows.
  func merged(share: Float) -> [MergedTensor] {
    [.rows(rows, at: ids, of: path, embedding.weight)]
  }
}

extension HeadRows: Merging {
  /// The head with the adapter's rows.
  func merged(share: Float) -> [MergedTensor] { [.rows(rows, at: ids, of: path, head.weight)] }
}

extension MergedTensor {
  fileprivate static func rows(_ rows: Tensor, at ids: [Int], of path: String, _ base: Weight)
    -> MergedTensor
  {
    let order = ids.indices.sorted { ids[$0] < ids[$1] }, places = order.map { ids[$0] }
    return MergedTensor(
      name: path + ".weight", shape: [base.rows, base.columns], isDerived: true
    ) { replaceRows(($0 ?? base).tensor(), places, with: selectRows(rows.detached, order)) }
  }
}
