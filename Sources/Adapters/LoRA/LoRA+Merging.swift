import Formats
import Layers
import Tensors

extension LoRA: Merging {
  /// A product is added.
  var isAdditive: Bool { true }

  var product: LowRankProduct? { LowRankProduct(path: path, a: a, b: b, scale: scale) }

  /// W + share · s · B A.
  func merged(share: Float) -> [MergedTensor] {
    let (a, b, scale, base) = (a, b, scale * share, linear.weight)
    return [
      MergedTensor(name: path + ".weight", shape: [base.rows, base.columns], isDerived: true) {
        ($0 ?? base).adding(b, a, scale: scale)
      }
    ]
  }
}
