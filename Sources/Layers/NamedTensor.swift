public import Tensors

/// A tensor that is trained or saved: its name in files, the axes it has there, whether it decays.
public struct NamedTensor {
  /// The name, dots between the parts.
  public let name: String
  /// The value; a leaf when it is trained.
  public let tensor: Tensor
  /// The axes it has in files.
  public let shape: [Int]
  /// Whether weight decay pulls it towards 0.
  public let decays: Bool
  /// What the optimizer multiplies its learning rate by for this one.
  public let rateFactor: Double

  /// Names a tensor. Where nothing else is said, one of a single row is a vector, and vectors, which are
  /// biases and norms, do not decay, as in transformers' Trainer.
  public init(
    name: String, tensor: Tensor, shape: [Int]? = nil, decays: Bool? = nil,
    rateFactor: Double = 1
  ) {
    let shape = shape ?? (tensor.rows == 1 ? [tensor.columns] : [tensor.rows, tensor.columns])
    self.name = name
    self.tensor = tensor
    self.shape = shape
    self.decays = decays ?? (shape.count > 1)
    self.rateFactor = rateFactor
  }

  /// The same below `prefix`.
  public func below(_ prefix: String) -> NamedTensor {
    NamedTensor(
      name: prefix + name, tensor: tensor, shape: shape, decays: decays, rateFactor: rateFactor)
  }

  /// The same under another name.
  public func named(_ other: String) -> NamedTensor {
    NamedTensor(name: other, tensor: tensor, shape: shape, decays: decays)
  }

  /// The same with other numbers.
  public func holding(_ other: Tensor) -> NamedTensor {
    NamedTensor(name: name, tensor: other, shape: shape, decays: decays, rateFactor: rateFactor)
  }
}
