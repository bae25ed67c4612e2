import Layers
import Tensors

/// h = x + attention(norm(x)); y = h + mlp(norm(h))
public final class DecoderBlock {
  let attentionNorm: RMSNorm, attention: SelfAttention
  let mlpNorm: RMSNorm, mlp: GatedMLP

  init(attentionNorm: RMSNorm, attention: SelfAttention, mlpNorm: RMSNorm, mlp: GatedMLP) {
    self.attentionNorm = attentionNorm
    self.attention = attention
    self.mlpNorm = mlpNorm
    self.mlp = mlp
  }

  func callAsFunction(_ x: Tensor, _ span: Span) -> Tensor {
    let h = span.asked(x) + attention(attentionNorm(x), span)
    return h + mlp(mlpNorm(h))
  }

  var linears: [Linear] { attention.modules.linears + mlp.linears }
  var norms: [RMSNorm] { [attentionNorm] + attention.modules.norms + [mlpNorm] }
}
