import Tensors

/// Multi-head self-attention in which every position sees its whole sequence, without rotation.
public final class EncoderAttention {
  let query: Linear, key: Linear, value: Linear, output: Linear
  let heads: HeadShape

  /// Assembles a layer's attention.
  public init(query: Linear, key: Linear, value: Linear, output: Linear, heads: HeadShape) {
    self.query = query
    self.key = key
    self.value = value
    self.output = output
    self.heads = heads
  }

  /// x [positions, features] to the same shape; `asking` says where sequences end.
  public func callAsFunction(_ x: Tensor, _ asking: Asking) -> Tensor {
    let (q, k, v) = readTogether(x) { (query(x), key(x), value(x)) }
    return output(attend(q, k, v, asking, heads: heads))
  }

  /// What a pass costs: q, k, v, one number for each head and position, and what the output projection
  /// reads are kept.
  public func cost(_ pass: Passage) -> Cost {
    let rows = pass.tokens, width = Buffer.bytes(rows * heads.queries * heads.width)
    let hasGradient = pass.wantsInput || pass.trains([query, key, value])
    var cost = output.cost(rows, on: pass, wantsInput: hasGradient)
    for linear in [query, key, value] {
      cost += linear.cost(rows, on: pass, wantsInput: pass.wantsInput, keepsOutput: true)
    }
    let product = 2 * Double(heads.queries * heads.width) * pass.seen(nil)
    cost.forward += 2 * product
    if pass.readsInput(of: [output]) { cost.kept += width }
    cost.passing =
      7 * width
      + Parallel.threads * Buffer.bytes(pass.longest * (3 * heads.width + 4 * Asking.block))
    guard hasGradient else { return cost }
    cost.backward += 4 * product
    cost.kept += 3 * width + Buffer.bytes(rows * heads.queries)
    return cost
  }

  /// Its projections, in the files' order.
  public var linears: [Linear] { [key, value, query, output] }
}
