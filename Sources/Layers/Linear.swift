import Tensors

/// A projection's seat: what sits there decides how the base projection is used.
public protocol LinearAdapter {
  /// The projection's output with the adapter's part.
  func callAsFunction(_ x: Tensor, through linear: Linear) -> Tensor
  /// What is trained, each under its name below the projection's path.
  var parameters: [NamedTensor] { get }
}

/// A tensor and the name it has in files.
public struct NamedTensor {
  /// The name, dots between the parts.
  public let name: String
  /// The value; a leaf when it is trained.
  public let tensor: Tensor
  /// The axes it has in files, where they are not those of a matrix or a vector.
  public let shape: [Int]?

  /// Names a tensor.
  public init(name: String, tensor: Tensor, shape: [Int]? = nil) {
    self.name = name
    self.tensor = tensor
    self.shape = shape
  }
}

/// y = x · Wᵀ + b, with a seat for an adapter.
public final class Linear {
  /// The module's path in the model's files, `model.layers.0.self_attn.q_proj`.
  public let path: String
  /// [outputs, inputs]
  public internal(set) var weight: Weight
  /// [1, outputs]
  public internal(set) var bias: Tensor?
  /// What sits on the projection; nil for the base alone.
  public var adapter: (any LinearAdapter)?

  /// Creates a projection with an empty seat.
  public init(path: String, weight: Weight, bias: Tensor? = nil) {
    self.path = path
    self.weight = weight
    self.bias = bias
  }

  /// x [tokens, inputs] to [tokens, outputs], through the adapter if one sits here.
  public func callAsFunction(_ x: Tensor) -> Tensor { adapter?(x, through: self) ?? base(x) }

  /// The projection alone, or with an adapter's low-rank part, which costs no pass of its own.
  public func base(_ x: Tensor, plus lowRank: LowRank? = nil) -> Tensor {
    project(x, weight, bias: bias, plus: lowRank)
  }

  /// What `rows` rows cost: y = x · Wᵀ; dx = dy · W where `wantsInput`; dW = dyᵀ · x where W is trained.
  /// Of a low-rank part both products, and the gradients of A, B and what lies between; it keeps that.
  /// The input is kept by whoever made it.
  public func cost(_ rows: Int, on pass: Passage, wantsInput: Bool) -> Cost {
    let seat = pass.seat(path), product = 2 * Double(rows) * Double(weight.rows * weight.columns)
    var cost = Cost(
      forward: product, backward: product * ((wantsInput ? 1 : 0) + (seat.isOpen ? 1 : 0)))
    guard seat.rank > 0 else { return cost }
    let reading = 2 * Double(rows * seat.rank * weight.columns)
    let writing = 2 * Double(rows * seat.rank * weight.rows)
    cost.forward += reading + writing
    cost.backward += 2 * writing + reading * (wantsInput ? 2 : 1)
    cost.kept += Buffer.bytes(rows * seat.rank)
    return cost
  }

  /// The name after the last dot, by which adapters choose their targets.
  public var name: String { path.split(separator: ".").last.map(String.init) ?? path }
}
