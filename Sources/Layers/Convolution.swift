import Tensors

/// A one-dimensional convolution of width 3 over packed sequences, zeros beyond their borders.
public final class Convolution {
  /// The module's path in the model's files.
  public let path: String
  /// [outputs, channels · 3]: the file's [outputs, channels, 3].
  public internal(set) var weight: Weight
  /// [1, outputs]
  public internal(set) var bias: Tensor

  /// Creates a convolution.
  public init(path: String, weight: Weight, bias: Tensor) {
    self.path = path
    self.weight = weight
    self.bias = bias
  }

  /// x [rows, channels], rows being time, to [windows, outputs].
  public func callAsFunction(_ x: Tensor, _ windows: Windows) -> Tensor {
    convolve(x, windows, weight, bias: bias)
  }

  /// Makes weight and bias leaves and returns them under their names and shapes in the files.
  public func unfreeze() -> [NamedTensor] {
    let leaf = weight.tensor().copy().asLeaf(), width = Windows.width
    weight = .tensor(leaf)
    bias = bias.copy().asLeaf()
    return [
      NamedTensor(
        name: path + ".weight", tensor: leaf, shape: [leaf.rows, leaf.columns / width, width]),
      NamedTensor(name: path + ".bias", tensor: bias),
    ]
  }
}
