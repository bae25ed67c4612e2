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

  /// Its projections, in the files' order.
  public var linears: [Linear] { attention.linears + [expand, contract] }
  /// Its norms, in the equations' order.
  public var norms: [LayerNorm] { [attentionNorm, feedForwardNorm] }
}
