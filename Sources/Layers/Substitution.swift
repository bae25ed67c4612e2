public import Tensors

/// A layer whose stored weight another one may take the place of, and give it back: what an adapter
/// saved whole.
public protocol Substitutable: AnyObject {
  /// The module's path in the model's files.
  var path: String { get }
  /// The weight in use.
  var stored: Weight { get }
  /// The weight's axes in files.
  var axes: [Int] { get }
  /// Uses `weight` from now on; its shape must be the same.
  func substitute(_ weight: Weight)
}

extension Substitutable {
  /// Those of a matrix.
  public var axes: [Int] { [stored.rows, stored.columns] }

  fileprivate func check(_ weight: Weight) {
    precondition(
      weight.rows == stored.rows && weight.columns == stored.columns,
      "\(path): a substitute of another shape")
  }
}

extension Linear: Substitutable {
  /// The matrix in use.
  public var stored: Weight { weight }
  /// Uses `weight` from now on; its shape must be the same.
  public func substitute(_ weight: Weight) {
    check(weight)
    self.weight = weight
  }
}

extension Embedding: Substitutable {
  /// The matrix in use.
  public var stored: Weight { weight }
  /// Uses `weight` from now on; its shape must be the same.
  public func substitute(_ weight: Weight) {
    check(weight)
    self.weight = weight
  }
}

extension RMSNorm: Substitutable {
  /// The vector in use.
  public var stored: Weight { .tensor(weight) }
  /// Those of a vector.
  public var axes: [Int] { [weight.count] }
  /// Uses `weight`, a tensor, from now on; its shape must be the same.
  public func substitute(_ weight: Weight) {
    check(weight)
    if case .tensor(let tensor) = weight {
      self.weight = tensor
    } else {
      self.weight = weight.tensor()
    }
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
