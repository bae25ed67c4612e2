import CKernels

/// Attention within segments, causal or not. Keeps the log-sum-exp of each row of scores instead of the
/// scores, which the way back computes again block by block (Dao et al. 2022). A block computes the
/// keys that its last row sees, and none of another segment. With a window a row sees the last `window`
/// of them, itself included (Beltagy et al. 2020), and a segment is walked in parts.
struct Attention: Operation {
  let q: Kept, k: Kept, v: Kept, logSumExp: Buffer
  let asking: Asking, heads: HeadShape, window: Int?

  /// Query rows handled at once, whole panels: scores of a block stay in the cache.
  static let block = (64 + Gemm.panel - 1) / Gemm.panel * Gemm.panel

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    // The three gradients come from one walk over the blocks; they are added to their slots after.
    let walk = Walk(
      q: q.value, k: k.value, v: v.value, asking: asking, heads: heads, window: window)
    Stopwatch.count(flops: 10 * walk.products)
    let dq = Tensor(q.rows, q.columns), dk = Tensor(k.rows, k.columns)
    let dv = Tensor(v.rows, v.columns)
    Parallel.run(asking.segments.count * heads.keys) { task in
      walk.pullback(
        dy, logSumExp, segment: task / heads.keys, key: task % heads.keys, dq, dk, dv)
    }
    g.pass(q.slot, dq)
    g.pass(k.slot, dk)
    g.pass(v.slot, dv)
  }

  /// The operands, and the way through their blocks.
  struct Walk {
    let q: Tensor, k: Tensor, v: Tensor, asking: Asking, heads: HeadShape, window: Int?

    /// Query rows, and the tokens among which their keys are.
    struct Part {
      let rows: Range<Int>, tokens: Range<Int>
      /// Tokens of the segment before those.
      let skipped: Int
    }

    /// A segment in parts: whole where there is no window; else so many rows that packing their keys
    /// costs little beside asking them, and the keys that any of them sees.
    func parts(_ segment: Int) -> [Part] {
      let rows = asking.rows[segment], tokens = asking.segments[segment]
      guard let window, window < tokens.count else {
        return [Part(rows: rows, tokens: tokens, skipped: 0)]
      }
      let size = max(1, window / 4 / Attention.block) * Attention.block
      return stride(from: rows.lowerBound, to: rows.upperBound, by: size).map { first in
        let rows = first..<min(first + size, rows.upperBound)
        let from = max(0, Int(asking.seen[first]) - window)
        let to = Int(asking.seen[rows.upperBound - 1])
        return Part(
          rows: rows, tokens: tokens.lowerBound + from..<tokens.lowerBound + to, skipped: from)
      }
    }

    /// Blocks of a part's query rows, each with the number of keys that it computes: those up to the
    /// last that its last row sees, in whole panels.
    func blocks(_ part: Part) -> [(rows: Range<Int>, keys: Int)] {
      let rows = part.rows, panel = Gemm.rightPanel
      return stride(from: rows.lowerBound, to: rows.upperBound, by: Attention.block).map { first in
        let block = first..<min(first + Attention.block, rows.upperBound)
        let seen = Int(asking.seen[block.upperBound - 1]) - part.skipped
        return (block, min((seen + panel - 1) / panel * panel, part.tokens.count))
      }
    }

    /// Multiply-adds of one product of scores with a head's keys or values, over all blocks.
    var products: Double {
      (0..<asking.segments.count).flatMap(parts).reduce(0) { sum, part in
        sum + blocks(part).reduce(0) { $0 + Double($1.rows.count * $1.keys) }
      } * Double(heads.queries * heads.width)
    }

    func forward(_ y: Tensor, _ logSumExp: Buffer, segment: Int, head: Int) {
      for part in parts(segment) { forward(y, logSumExp, part, head: head) }
    }

    private func forward(_ y: Tensor, _ logSumExp: Buffer, _ part: Part, head: Int) {
      let tokens = part.tokens, key = head / heads.group
      let keys = PackedHead(k, tokens, key, heads.width, isTransposed: true)
      let values = PackedHead(v, tokens, key, heads.width, isTransposed: false)
      let scores = Scores(most: tokens.count)
      for (rows, seen) in blocks(part) {
        let query = packedRows(q, rows, head, alpha: heads.scale)
        keys.product(scores.p.start, seen, query, heads.width, rows.count, seen, heads.width)
        withLimits(logSumExp, rows, head) { lse, limits in
          k_causal_softmax_f32(
            scores.p.start, lse, limits, mostSeen, Int64(part.skipped), Int64(rows.count),
            Int64(seen))
        }
        scores.pack(scores.p, rows.count, seen)
        values.product(
          y.start + rows.lowerBound * y.columns + head * heads.width, y.columns,
          scores.packed, seen, rows.count, heads.width, seen)
      }
    }

    /// One segment, one key head and the query heads that share it.
    func pullback(
      _ dy: Tensor, _ logSumExp: Buffer, segment: Int, key: Int, _ dq: Tensor, _ dk: Tensor,
      _ dv: Tensor
    ) {
      let tokens = asking.segments[segment]
      let at = tokens.lowerBound * k.columns + key * heads.width
      clear(dk.start + at, tokens.count, k.columns)
      clear(dv.start + at, tokens.count, k.columns)
      for part in parts(segment) { pullback(dy, logSumExp, part, key: key, dq, dk, dv) }
    }

    private func pullback(
      _ dy: Tensor, _ logSumExp: Buffer, _ part: Part, key: Int, _ dq: Tensor, _ dk: Tensor,
      _ dv: Tensor
    ) {
      let tokens = part.tokens, width = heads.width
      let keys = PackedHead(k, tokens, key, width, isTransposed: true)
      let plainKeys = PackedHead(k, tokens, key, width, isTransposed: false)
      let values = PackedHead(v, tokens, key, width, isTransposed: true)
      let at = tokens.lowerBound * k.columns + key * width
      let scores = Scores(most: tokens.count), ds = Buffer(Attention.block * tokens.count)
      for head in key * heads.group..<(key + 1) * heads.group {
        for (rows, seen) in blocks(part) {
          let query = packedRows(q, rows, head, alpha: heads.scale)
          keys.product(scores.p.start, seen, query, width, rows.count, seen, width)
          withLimits(logSumExp, rows, head) { lse, limits in
            k_causal_softmax_again_f32(
              scores.p.start, lse, limits, mostSeen, Int64(part.skipped), Int64(rows.count),
              Int64(seen))
          }
          addTransposed(dv.start + at, scores, scores.p, dy, rows, seen, head)
          let dyPacked = packedRows(dy, rows, head, alpha: 1)
          values.product(ds.start, seen, dyPacked, width, rows.count, seen, width)
          k_softmax_backward_f32(
            ds.start, scores.p.start, Int64(rows.count), Int64(seen), heads.scale)
          scores.pack(ds, rows.count, seen)
          plainKeys.product(
            dq.start + rows.lowerBound * dq.columns + head * width, dq.columns,
            scores.packed, seen, rows.count, width, seen)
          addTransposed(dk.start + at, scores, ds, q, rows, seen, head)
        }
      }
    }

    /// The most keys that a row sees.
    private var mostSeen: Int64 { window.map(Int64.init) ?? .max }

    /// A block's log-sum-exps, and how many keys its rows see.
    private func withLimits(
      _ logSumExp: Buffer, _ rows: Range<Int>, _ head: Int,
      _ body: (UnsafeMutablePointer<Float>, UnsafePointer<Int64>) -> Void
    ) {
      asking.seen.withUnsafeBufferPointer { limits in
        body(
          logSumExp.start + head * q.rows + rows.lowerBound,
          limits.baseAddress! + rows.lowerBound)
      }
    }

    /// target [seen, width] += weightsᵀ · x's rows, for weights [rows, seen].
    private func addTransposed(
      _ target: UnsafeMutablePointer<Float>, _ scores: Scores, _ weights: Buffer, _ x: Tensor,
      _ rows: Range<Int>, _ seen: Int, _ head: Int
    ) {
      let count = Int64(rows.count), width = Int64(heads.width)
      k_gemm_pack_columns_f32(
        scores.transposed.start, weights.start, Int64(seen), count, Int64(seen), 1)
      let right = Buffer(Gemm.rightCount(depth: rows.count, columns: heads.width))
      k_gemm_pack_right_f32(
        right.start, x.start + rows.lowerBound * x.columns + head * heads.width,
        Int64(x.columns), 0, count, width)
      k_gemm_packed_f32(
        target, Int64(k.columns), scores.transposed.start, count, right.start, count, width,
        Int64(seen), width, count, 1)
    }

    private func packedRows(_ x: Tensor, _ rows: Range<Int>, _ head: Int, alpha: Float) -> Buffer {
      let packed = Buffer(Gemm.packedCount(rows: rows.count, depth: heads.width))
      k_gemm_pack_rows_f32(
        packed.start, x.start + rows.lowerBound * x.columns + head * heads.width,
        Int64(rows.count), Int64(heads.width), Int64(x.columns), alpha)
      return packed
    }

    /// Zeros one head's part of `rows` rows.
    private func clear(_ start: UnsafeMutablePointer<Float>, _ rows: Int, _ stride: Int) {
      for row in 0..<rows { (start + row * stride).update(repeating: 0, count: heads.width) }
    }
  }

  /// One block's scores, and room to pack them by rows and by columns.
  private struct Scores {
    let p: Buffer, packed: Buffer, transposed: Buffer

    init(most seen: Int) {
      p = Buffer(Attention.block * seen)
      packed = Buffer(Gemm.packedCount(rows: Attention.block, depth: seen))
      transposed = Buffer(Gemm.packedCount(rows: seen, depth: Attention.block))
    }

    /// Packs weights [rows, seen] for the next product, while they lie in the cache.
    func pack(_ weights: Buffer, _ rows: Int, _ seen: Int) {
      k_gemm_pack_rows_f32(
        packed.start, weights.start, Int64(rows), Int64(seen), Int64(seen), 1)
    }
  }

  /// One head of keys or values, packed once for all blocks that ask it; a block uses its first
  /// tokens.
  private struct PackedHead {
    let packed: Buffer, depth: Int, columns: Int

    init(_ x: Tensor, _ tokens: Range<Int>, _ head: Int, _ width: Int, isTransposed: Bool) {
      (depth, columns) = isTransposed ? (width, tokens.count) : (tokens.count, width)
      packed = Buffer(Gemm.rightCount(depth: depth, columns: columns))
      k_gemm_pack_right_f32(
        packed.start, x.start + tokens.lowerBound * x.columns + head * width, Int64(x.columns),
        isTransposed ? 1 : 0, Int64(depth), Int64(columns))
    }

    /// y [rows, columns] := left · the head's first `depth` and `columns`.
    func product(
      _ y: UnsafeMutablePointer<Float>, _ stride: Int, _ left: Buffer, _ leftDepth: Int,
      _ rows: Int, _ columns: Int, _ depth: Int
    ) {
      k_gemm_packed_f32(
        y, Int64(stride), left.start, Int64(leftDepth), packed.start, Int64(self.depth),
        Int64(self.columns), Int64(rows), Int64(columns), Int64(depth), 0)
    }
  }
}

/// softmax(q · kᵀ / √width, within segments, of the keys that `asking` sees) · v for k, v
/// [tokens, keys · width] and q [asking tokens, queries · width] (Vaswani et al. 2017; grouped heads:
/// Ainslie et al. 2023). With `window` a token sees the last `window` tokens up to itself.
public func attend(
  _ q: Tensor, _ k: Tensor, _ v: Tensor, _ asking: Asking, heads: HeadShape, window: Int? = nil
) -> Tensor {
  precondition(
    q.rows == asking.tokens.count && q.columns == heads.queries * heads.width
      && k.rows == asking.segments.tokens && k.columns == heads.keys * heads.width
      && v.rows == k.rows && v.columns == k.columns,
    "attend: q \(q.shape), k \(k.shape), v \(v.shape), \(asking.tokens.count) of "
      + "\(asking.segments.tokens) tokens, \(heads)")
  let y = Tensor(q.rows, q.columns), logSumExp = Buffer(heads.queries * q.rows)
  let walk = Attention.Walk(q: q, k: k, v: v, asking: asking, heads: heads, window: window)
  Stopwatch.time("Attention", .forward) {
    Stopwatch.count(flops: 4 * walk.products)
    Parallel.run(asking.segments.count * heads.queries) { task in
      walk.forward(y, logSumExp, segment: task / heads.queries, head: task % heads.queries)
    }
  }
  return y.recorded(
    Attention(
      q: Kept(q), k: Kept(k), v: Kept(v), logSumExp: logSumExp, asking: asking, heads: heads,
      window: window),
    from: q.slot, k.slot, v.slot)
}
