import Tensors

/// y = x · Wᵀ + b, with a seat for an adapter.
public final class Linear {
  /// The module's path in the model's files, `model.layers.0.self_attn.q_proj`.
  public let path: String
  /// [outputs, inputs]
  public internal(set) var weight: Weight
  /// [1, outputs]
  public internal(set) var bias: Tensor?
  /// The matrix as the model's files have it, of one that was quantized while it was opened; nil where
  /// the files have it as it is, or nothing else is known of it.
  public let original: Weight?
  /// What sits on the projection; nil for the base alone.
  public var adapter: (any LinearAdapter)?

  /// Creates a projection with an empty seat.
  public init(path: String, weight: Weight, bias: Tensor? = nil, original: Weight? = nil) {
    self.original = original
    self.path = path
    self.weight = weight
    self.bias = bias
  }

  /// x [tokens, inputs] to [tokens, outputs], through the adapter if one sits here.
  public func callAsFunction(_ x: Tensor) -> Tensor { adapter?(x, through: self) ?? base(x) }

  /// The projection alone, or with an adapter's low-rank parts, which cost no pass of their own, and an
  /// addition to the bias.
  public func base(_ x: Tensor, plus parts: LowRank..., offset: Tensor? = nil) -> Tensor {
    guard let offset else { return project(x, weight, bias: bias, plus: parts) }
    return project(x, weight, bias: bias.map { $0 + offset } ?? offset, plus: parts)
  }

  /// The matrix in use, through the adapter if one sits here.
  public var effectiveWeight: Weight { adapter?.weight(of: self) ?? weight }

  /// What `rows` rows cost: y = x · Wᵀ; dx = dy · W where `wantsInput`; dW = dyᵀ · x where W is trained;
  /// and what sits on it. The input is kept by whoever made it, the output by its reader where that
  /// `keepsOutput`.
  public func cost(
    _ rows: Int, on pass: Passage, wantsInput: Bool, keepsOutput: Bool = false
  ) -> Cost {
    let seat = pass.seat(path), product = 2 * Double(rows) * Double(weight.rows * weight.columns)
    let own = Cost(
      forward: product, backward: product * ((wantsInput ? 1 : 0) + (seat.isOpen ? 1 : 0)))
    guard let adapter = seat.adapter else { return own }
    return own
      + adapter.cost(
        rows, inputs: weight.columns, outputs: weight.rows, wantsInput: wantsInput,
        keepsOutput: keepsOutput)
  }

  /// The name after the last dot, by which adapters choose their targets.
  public var name: String { path.split(separator: ".").last.map(String.init) ?? path }
}
