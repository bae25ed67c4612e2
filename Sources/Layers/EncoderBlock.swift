import Tensors

/// h = x + attention(norm(x)); y = h + contract(gelu(expand(norm(h))))
public final class EncoderBlock {
  let attentionNorm: LayerNorm, attention: EncoderAttention
  let feedForwardNorm: LayerNorm, expand: Linear, contract: Linear

  /// Assembles an encoder's layer.
  public init(
    attentionNorm: LayerNorm, attention: EncoderAttention, feedForwardNorm: LayerNorm,
    expand: Linear, contract: Linear
  ) {
    self.attentionNorm = attentionNorm
    self.attention = attention
    self.feedForwardNorm = feedForwardNorm
    self.expand = expand
    self.contract = contract
  }

  /// x [positions, features] to the same shape; `asking` says where sequences end.
  public func callAsFunction(_ x: Tensor, _ asking: Asking) -> Tensor {
    let h = x + attention(attentionNorm(x), asking)
    return h + contract(gelu(expand(feedForwardNorm(h))))
  }

  /// What a pass costs: the input, the sum with the residual, what GELU reads, and the norms' means and
  /// roots are kept.
  public func cost(_ pass: Passage) -> Cost {
    let rows = pass.tokens, width = Buffer.bytes(rows * contract.weight.rows)
    let inner = Buffer.bytes(rows * expand.weight.rows)
    let hasGradient = pass.wantsInput || pass.trains(attention.linears)
    let isExpanded = hasGradient || pass.trains([expand])
    var cost =
      attention.cost(pass)
      + expand.cost(rows, on: pass, wantsInput: hasGradient, keepsOutput: true)
      + contract.cost(rows, on: pass, wantsInput: isExpanded)
    if hasGradient || pass.trains(linears) { cost.kept += width + 2 * Buffer.bytes(rows) }
    if isExpanded { cost.kept += width + inner + 2 * Buffer.bytes(rows) }
    cost.passing += 4 * inner + 3 * width
    return cost
  }

  /// Its projections, in the files' order.
  public var linears: [Linear] { attention.linears + [expand, contract] }
  /// Its norms, in the equations' order.
  public var norms: [LayerNorm] { [attentionNorm, feedForwardNorm] }
}
