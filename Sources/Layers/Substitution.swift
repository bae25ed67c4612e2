import Tensors

/// A layer whose stored matrix another one may take the place of, and give it back: what an adapter
/// saved whole.
public protocol Substitutable: AnyObject {
  /// The module's path in the model's files.
  var path: String { get }
  /// The matrix in use.
  var weight: Weight { get }
  /// Uses `weight` from now on; its shape must be the same.
  func substitute(_ weight: Weight)
}

extension Linear: Substitutable {
  /// Uses `weight` from now on; its shape must be the same.
  public func substitute(_ weight: Weight) {
    precondition(
      weight.rows == self.weight.rows && weight.columns == self.weight.columns,
      "linear: a substitute of another shape")
    self.weight = weight
  }
}

extension Embedding: Substitutable {
  /// Uses `weight` from now on; its shape must be the same.
  public func substitute(_ weight: Weight) {
    precondition(
      weight.rows == self.weight.rows && weight.columns == self.weight.columns,
      "embedding: a substitute of another shape")
    self.weight = weight
  }
}

/// A layer whose bias another one may take the place of, and give it back.
public protocol Biased: AnyObject {
  /// The module's path in the model's files.
  var path: String { get }
  /// [1, outputs]; nil where it adds none.
  var offset: Tensor? { get }
  /// Adds `offset` from now on; there must have been one of that shape.
  func substitute(offset: Tensor)
}

extension Linear: Biased {
  /// The bias in use.
  public var offset: Tensor? { bias }
  /// Adds `offset` from now on.
  public func substitute(offset: Tensor) { bias = offset }
}

extension LayerNorm: Biased {
  /// The bias in use.
  public var offset: Tensor? { bias }
  /// Adds `offset` from now on.
  public func substitute(offset: Tensor) { bias = offset }
}

extension Convolution: Biased {
  /// The bias in use.
  public var offset: Tensor? { bias }
  /// Adds `offset` from now on.
  public func substitute(offset: Tensor) { bias = offset }
}
