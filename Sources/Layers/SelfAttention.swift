import Tensors

/// Multi-head self-attention with grouped keys and, where the layer has them, rotary positions, a
/// sliding window and a norm on each head of q and k.
public final class SelfAttention {
  let query: Linear, key: Linear, value: Linear, output: Linear
  let queryNorm: RMSNorm?, keyNorm: RMSNorm?
  /// How many heads ask and answer, and their width.
  public let heads: HeadShape
  let window: Int?, rotates: Bool
  let layer: Int
  /// Keys and values that stand before those of every text; nil for none.
  public var prefix: (any AttentionPrefix)?

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
    if rotates { q = rope(q, span.askingRotary, heads: heads.queries) }
    k = placed(k, span)
    if let caches = span.caches {
      let cache = caches[layer]
      return output(attend(q, k, v, span.asking, heads: heads, window: window, cache: cache))
    }
    if let shared = span.shared {
      let given = span.given?[layer] ?? prefix?()
      k = shared.laid(k, behind: given?.keys)
      v = shared.laid(v, behind: given?.values)
    }
    return output(attend(q, k, v, span.asking, heads: heads, window: window))
  }

  /// A text's keys, as attention asks them, and values, for x [tokens, features].
  public func keysAndValues(_ x: Tensor, _ span: Span) -> (keys: Tensor, values: Tensor) {
    (placed(key(x), span), value(x))
  }

  /// Projected keys, normed and rotated.
  private func placed(_ k: Tensor, _ span: Span) -> Tensor {
    let k = keyNorm.map { $0(k) } ?? k
    return rotates ? rope(k, span.rotary, heads: heads.keys) : k
  }

  /// What a pass costs. Kept are q, k and v as they are projected, for norm and rotation are computed
  /// again, and one number for each head and asking token; what attention gives is an input of the
  /// output projection. Keys and values that are laid out anew are kept as they lie then, and k as it
  /// was too where it is normed.
  public func cost(_ pass: Passage) -> Cost {
    let asking = pass.asking.count, queries = heads.queries * heads.width
    let keys = heads.keys * heads.width, laid = pass.gathered.map { 2 * Buffer.bytes($0 * keys) }
    let hasGradient =
      pass.wantsInput || pass.givenKeys > 0 || pass.trains([query, key, value])
    var cost =
      query.cost(asking, on: pass, wantsInput: pass.wantsInput, keepsOutput: true)
      + key.cost(
        pass.tokens, on: pass, wantsInput: pass.wantsInput,
        keepsOutput: laid == nil || keyNorm != nil)
      + value.cost(
        pass.tokens, on: pass, wantsInput: pass.wantsInput, keepsOutput: laid == nil)
      + output.cost(asking, on: pass, wantsInput: hasGradient)
    // q · kᵀ and p · v; on the way back dp, dv, dq and dk.
    let product = 2 * Double(queries) * pass.seen(window)
    cost.forward += 2 * product
    if pass.readsInput(of: [output]) { cost.kept += Buffer.bytes(asking * queries) }
    // Around it q and k are computed again and have gradients; a thread works on a block of scores.
    let block = pass.longest * (3 * heads.width + 4 * Asking.block)
    cost.passing =
      4 * Buffer.bytes(asking * queries) + 3 * Buffer.bytes(pass.tokens * keys) + (laid ?? 0)
      + Parallel.threads * Buffer.bytes(block)
    guard hasGradient else { return cost }
    cost.backward += 4 * product
    cost.kept += Buffer.bytes(asking * queries) + Buffer.bytes(asking * heads.queries)
    if laid == nil || keyNorm != nil { cost.kept += Buffer.bytes(pass.tokens * keys) }
    cost.kept += laid ?? Buffer.bytes(pass.tokens * keys)
    if let queryNorm { cost += queryNorm.cost(asking, pieces: heads.queries) }
    if let keyNorm { cost += keyNorm.cost(pass.tokens, pieces: heads.keys) }
    return cost
  }

  /// Its projections and norms, in the files' order.
  public var modules: (linears: [Linear], norms: [RMSNorm]) {
    ([query, key, value, output], [queryNorm, keyNorm].compactMap { $0 })
  }
}
