import Layers
import Tensors

extension AdaLoRA: Merging {
  /// A product is added.
  var isAdditive: Bool { true }

  /// A and B ∘ E.
  var product: LowRankProduct? {
    LowRankProduct(
      path: path, a: a.detached, b: scaleColumns(b.detached, by: row(of: e)), scale: scale)
  }

  /// W + share · s · B (E ∘ A), where any rank is left.
  func merged(share: Float) -> [MergedTensor] {
    guard e.rows > 0 else { return [] }
    let a = scaleRows(a.detached, by: e.detached), b = b.detached
    let (scale, base) = (scale * share, linear.weight)
    return [
      MergedTensor(name: path + ".weight", shape: [base.rows, base.columns], isDerived: true) {
        ($0 ?? base).adding(b, a, scale: scale)
      }
    ]
  }

  private func row(of column: Tensor) -> Tensor {
    column.detached.reshaped(rows: 1, columns: column.rows)
  }
}
