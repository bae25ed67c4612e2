import Tensors

/// y = x / √(mean(x²) + eps) · w over rows of w's width: whole tokens, or heads within them.
public final class RMSNorm {
  /// The module's path in the model's files.
  public let path: String
  /// [1, width]
  public internal(set) var weight: Tensor
  /// What is added under the root.
  public let eps: Float

  /// Creates a normalization.
  public init(path: String, weight: Tensor, eps: Float) {
    self.path = path
    self.weight = weight
    self.eps = eps
  }

  /// Normalizes x [tokens, k · width] in pieces of `width`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    guard x.columns != weight.count else { return rmsNorm(x, weight, eps: eps) }
    return rmsNorm(
      x.reshaped(rows: x.count / weight.count, columns: weight.count), weight, eps: eps
    ).reshaped(rows: x.rows, columns: x.columns)
  }

  /// What `rows` rows cost, each of `pieces` pieces: the roots are kept, and the result is computed
  /// again from them.
  public func cost(_ rows: Int, pieces: Int = 1) -> Cost { Cost(kept: Buffer.bytes(rows * pieces)) }
}
