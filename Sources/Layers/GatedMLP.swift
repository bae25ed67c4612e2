import Tensors

/// down(silu(gate(x)) · up(x))
public final class GatedMLP {
  let gate: Linear, up: Linear, down: Linear

  /// Assembles a feed-forward layer.
  public init(gate: Linear, up: Linear, down: Linear) {
    self.gate = gate
    self.up = up
    self.down = down
  }

  /// x [tokens, features] to [tokens, features].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let (opening, content) = readTogether(x) { (gate(x), up(x)) }
    return down(swiglu(opening, content))
  }

  /// Its projections, in the files' order.
  public var linears: [Linear] { [gate, up, down] }
}
