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

  /// What its attention keeps of a text.
  func keysAndValues(_ x: Tensor, _ span: Span) -> (keys: Tensor, values: Tensor) {
    attention.keysAndValues(attentionNorm(x), span)
  }

  /// What a pass costs: the input and the sum with the residual are kept, their norms computed again;
  /// on the way back three gradients of their width exist at a time.
  func cost(_ pass: Passage) -> Cost {
    let asking = pass.asking.count, width = attentionNorm.weight.count
    let readsInput = pass.wantsInput || pass.trains(attention.modules.linears.dropLast())
    let hasGradient =
      pass.wantsInput || pass.givenKeys > 0 || pass.trains(attention.modules.linears)
    var cost = attention.cost(pass) + mlp.cost(asking, on: pass, wantsInput: hasGradient)
    if readsInput {
      cost += attentionNorm.cost(pass.tokens)
      cost.kept += Buffer.bytes(pass.tokens * width)
    }
    if hasGradient || pass.trains(mlp.linears) {
      cost += mlpNorm.cost(asking)
      cost.kept += Buffer.bytes(asking * width)
    }
    cost.passing += 3 * Buffer.bytes(pass.tokens * width)
    return cost
  }

  var linears: [Linear] { attention.modules.linears + mlp.linears }
  var norms: [RMSNorm] { [attentionNorm] + attention.modules.norms + [mlpNorm] }
}
