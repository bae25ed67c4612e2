import Layers
import Tensors

extension IA3: Merging {
  /// l ∘ W and l ∘ b, or W ∘ l over columns.
  func merged(share: Float) -> [MergedTensor] {
    let factors = factors.detached, base = linear.weight, scalesInput = scalesInput
    let column = factors.reshaped(rows: factors.count, columns: 1)
    let weight = MergedTensor(
      name: path + ".weight", shape: [base.rows, base.columns], isDerived: true
    ) {
      let weight = ($0 ?? base).tensor()
      return scalesInput ? scaleColumns(weight, by: factors) : scaleRows(weight, by: column)
    }
    guard let bias = linear.bias?.detached, !scalesInput else { return [weight] }
    return [
      weight,
      MergedTensor(name: path + ".bias", shape: [bias.count], isDerived: true) {
        scaleColumns($0?.tensor() ?? bias, by: factors)
      },
    ]
  }
}
