import Tensors

/// Multi-head self-attention with grouped keys and, where the layer has them, rotary positions, a
/// sliding window and a norm on each head of q and k.
public final class SelfAttention {
  let query: Linear, key: Linear, value: Linear, output: Linear
  let queryNorm: RMSNorm?, keyNorm: RMSNorm?
  let heads: HeadShape
  let window: Int?, rotates: Bool
  let layer: Int

  /// Assembles a layer's attention; `layer` picks its cache. With `window` a token sees so many
  /// tokens, itself included.
  public init(
    query: Linear, key: Linear, value: Linear, output: Linear, queryNorm: RMSNorm? = nil,
    keyNorm: RMSNorm? = nil, heads: HeadShape, window: Int?, rotates: Bool, layer: Int
  ) {
    self.query = query
    self.key = key
    self.value = value
    self.output = output
    self.queryNorm = queryNorm
    self.keyNorm = keyNorm
    self.heads = heads
    self.window = window
    self.rotates = rotates
    self.layer = layer
  }

  /// x [tokens, features] to [asking tokens, features].
  public func callAsFunction(_ x: Tensor, _ span: Span) -> Tensor {
    var (q, k, v) = readTogether(x) { (query(span.asked(x)), key(x), value(x)) }
    if let queryNorm { q = queryNorm(q) }
    if let keyNorm { k = keyNorm(k) }
    if rotates {
      q = rope(q, span.askingRotary, heads: heads.queries)
      k = rope(k, span.rotary, heads: heads.keys)
    }
    if let caches = span.caches {
      let cache = caches[layer]
      return output(attend(q, k, v, span.asking, heads: heads, window: window, cache: cache))
    }
    if let shared = span.shared { (k, v) = (shared.laid(k), shared.laid(v)) }
    return output(attend(q, k, v, span.asking, heads: heads, window: window))
  }

  /// Whether each head of q and k has a norm.
  public var normsHeads: Bool { queryNorm != nil }

  /// Its projections and norms, in the files' order.
  public var modules: (linears: [Linear], norms: [RMSNorm]) {
    ([query, key, value, output], [queryNorm, keyNorm].compactMap { $0 })
  }
}
