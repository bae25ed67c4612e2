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

  /// What a pass of `rows` rows costs. Gate and up are kept, and silu(gate) · up is computed again from
  /// them; around that three matrices of their width and one of them packed exist.
  public func cost(_ rows: Int, on pass: Passage, wantsInput: Bool) -> Cost {
    let inner = Buffer.bytes(rows * gate.weight.rows)
    let hasGradient = wantsInput || pass.trains([gate, up])
    var cost =
      gate.cost(rows, on: pass, wantsInput: wantsInput, keepsOutput: true)
      + up.cost(rows, on: pass, wantsInput: wantsInput, keepsOutput: true)
      + down.cost(rows, on: pass, wantsInput: hasGradient)
    cost.kept += hasGradient ? 2 * inner : pass.trains([down]) ? inner : 0
    cost.passing += 4 * inner
    return cost
  }

  /// Its projections, in the files' order.
  public var linears: [Linear] { [gate, up, down] }
}
