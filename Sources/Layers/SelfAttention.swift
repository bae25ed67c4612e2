import Tensors

/// Multi-head self-attention with grouped keys, rotary positions and, where the family has it, a
/// norm on each head of q and k.
public final class SelfAttention {
  let query: Linear, key: Linear, value: Linear, output: Linear
  let queryNorm: RMSNorm?, keyNorm: RMSNorm?
  let heads: HeadShape
  let layer: Int

  /// Assembles a layer's attention; `layer` picks its cache.
  public init(
    query: Linear, key: Linear, value: Linear, output: Linear, queryNorm: RMSNorm? = nil,
    keyNorm: RMSNorm? = nil, heads: HeadShape, layer: Int
  ) {
    self.query = query
    self.key = key
    self.value = value
    self.output = output
    self.queryNorm = queryNorm
    self.keyNorm = keyNorm
    self.heads = heads
    self.layer = layer
  }

  /// x [tokens, features] to [asking tokens, features].
  public func callAsFunction(_ x: Tensor, _ span: Span) -> Tensor {
    var (q, k, v) = readTogether(x) { (query(span.asked(x)), key(x), value(x)) }
    if let queryNorm { q = queryNorm(q) }
    if let keyNorm { k = keyNorm(k) }
    q = rope(q, span.askingRotary, heads: heads.queries)
    k = rope(k, span.rotary, heads: heads.keys)
    if let caches = span.caches {
      return output(attend(q, k, v, span.asking, heads: heads, cache: caches[layer]))
    }
    if let shared = span.shared { (k, v) = (shared.laid(k), shared.laid(v)) }
    return output(attend(q, k, v, span.asking, heads: heads))
  }

  /// Its projections and norms, in the files' order.
  public var modules: (linears: [Linear], norms: [RMSNorm]) {
    ([query, key, value, output], [queryNorm, keyNorm].compactMap { $0 })
  }
}
