import Tensors

/// y = (x − mean(x)) / √(variance(x) + eps) · w + b
public final class LayerNorm {
  /// The module's path in the model's files.
  public let path: String
  /// [1, width] each
  public internal(set) var weight: Tensor, bias: Tensor
  /// What is added under the root.
  public let eps: Float

  /// Creates a normalization.
  public init(path: String, weight: Tensor, bias: Tensor, eps: Float) {
    self.path = path
    self.weight = weight
    self.bias = bias
    self.eps = eps
  }

  /// Normalizes the rows of x [tokens, width].
  public func callAsFunction(_ x: Tensor) -> Tensor { layerNorm(x, weight, bias, eps: eps) }

  /// Makes weight and bias leaves and returns them under their names in the files.
  public func unfreeze() -> [NamedTensor] {
    weight = weight.copy().asLeaf()
    bias = bias.copy().asLeaf()
    return [
      NamedTensor(name: path + ".weight", tensor: weight),
      NamedTensor(name: path + ".bias", tensor: bias),
    ]
  }
}
