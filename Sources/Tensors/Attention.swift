import CKernels

/// Where the sequences of a packed batch begin and end. Attention never crosses a border, and
/// positions count from each segment's start.
public struct Segments: Sendable, Hashable {
  /// Borders: 0, the end of each segment, in rising order.
  public let offsets: [Int]

  /// Segments of these lengths, one after the other.
  public init(lengths: [Int]) {
    precondition(lengths.allSatisfy { $0 > 0 }, "segments: lengths \(lengths)")
    offsets = lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
  }

  /// The number of segments and of tokens.
  public var count: Int { offsets.count - 1 }
  /// The number of tokens in all segments.
  public var tokens: Int { offsets[count] }
  /// Segment `index`'s rows.
  public subscript(index: Int) -> Range<Int> { offsets[index]..<offsets[index + 1] }
  /// Each token's place in its segment.
  public var positions: [Int] { (0..<count).flatMap { Array(0..<self[$0].count) } }
}

/// How many heads ask, how many answer, and their width.
public struct HeadShape: Sendable, Hashable {
  /// Query heads, key/value heads, and numbers per head.
  public let queries: Int, keys: Int, width: Int

  /// Grouped heads: `keys` divides `queries`.
  public init(queries: Int, keys: Int, width: Int) {
    precondition(queries % keys == 0, "heads: \(queries) queries over \(keys) keys")
    self.queries = queries
    self.keys = keys
    self.width = width
  }

  var group: Int { queries / keys }
  var scale: Float { 1 / Float(width).squareRoot() }
}

/// Causal attention within segments. Keeps the log-sum-exp of each row of scores instead of the
/// scores, which the way back computes again block by block (Dao et al. 2022).
struct Attention: Operation {
  let q: Tensor, k: Tensor, v: Tensor, y: Tensor, logSumExp: Buffer
  let segments: Segments, heads: HeadShape

  /// Query rows handled at once: scores of a block stay in the cache.
  static let block = 128

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    // The three gradients come from one walk over the blocks; they are added to their slots after.
    let dq = Tensor(q.rows, q.columns), dk = Tensor(k.rows, k.columns)
    let dv = Tensor(v.rows, v.columns)
    Parallel.run(segments.count * heads.keys) { task in
      pullback(dy, segments[task / heads.keys], key: task % heads.keys, dq, dk, dv)
    }
    g.pass(q.slot, dq)
    g.pass(k.slot, dk)
    g.pass(v.slot, dv)
  }

  /// One segment, one key head and the query heads that share it. Blocks run from the last to the
  /// first, so that the first products written to dk and dv cover every row.
  private func pullback(
    _ dy: Tensor, _ rows: Range<Int>, key: Int, _ dq: Tensor, _ dk: Tensor, _ dv: Tensor
  ) {
    let width = heads.width, qs = Int64(q.columns), ks = Int64(k.columns), w = Int64(width)
    let kAt = rows.lowerBound * k.columns + key * width
    let p = Buffer(Self.block * rows.count), ds = Buffer(Self.block * rows.count)
    var isFirst = true
    for head in key * heads.group..<(key + 1) * heads.group {
      for begin in stride(from: 0, to: rows.count, by: Self.block).reversed() {
        let end = min(begin + Self.block, rows.count), m = Int64(end - begin), n = Int64(end)
        let qAt = (rows.lowerBound + begin) * q.columns + head * width
        k_gemm_f32(0, 1, m, n, w, 1, q.start + qAt, qs, k.start + kAt, ks, 0, p.start, n)
        k_causal_softmax_again_f32(
          p.start, logSumExp.start + head * q.rows + rows.lowerBound + begin, m, n, n,
          Int64(begin + 1), heads.scale)
        k_gemm_f32(0, 1, m, n, w, 1, dy.start + qAt, qs, v.start + kAt, ks, 0, ds.start, n)
        let beta: Float = isFirst ? 0 : 1
        k_gemm_f32(1, 0, n, w, m, 1, p.start, n, dy.start + qAt, qs, beta, dv.start + kAt, ks)
        k_softmax_backward_f32(ds.start, p.start, m, n, n, heads.scale)
        k_gemm_f32(0, 0, m, w, n, 1, ds.start, n, k.start + kAt, ks, 0, dq.start + qAt, qs)
        k_gemm_f32(1, 0, n, w, m, 1, ds.start, n, q.start + qAt, qs, beta, dk.start + kAt, ks)
        isFirst = false
      }
    }
  }
}

/// softmax(q · kᵀ / √width, causal, within segments) · v for q [tokens, queries · width] and k, v
/// [tokens, keys · width] (Vaswani et al. 2017; grouped heads: Ainslie et al. 2023).
public func attend(
  _ q: Tensor, _ k: Tensor, _ v: Tensor, segments: Segments, heads: HeadShape
) -> Tensor {
  precondition(
    q.rows == segments.tokens && q.columns == heads.queries * heads.width
      && k.rows == q.rows && k.columns == heads.keys * heads.width && v.rows == k.rows
      && v.columns == k.columns,
    "attend: q \(q.shape), k \(k.shape), v \(v.shape), \(segments.tokens) tokens, \(heads)")
  let y = Tensor(q.rows, q.columns), logSumExp = Buffer(heads.queries * q.rows)
  let width = heads.width, block = Attention.block
  Parallel.run(segments.count * heads.queries) { task in
    let rows = segments[task / heads.queries], head = task % heads.queries
    let kAt = rows.lowerBound * k.columns + head / heads.group * width
    let p = Buffer(block * rows.count)
    for begin in stride(from: 0, to: rows.count, by: block) {
      let end = min(begin + block, rows.count), m = Int64(end - begin), n = Int64(end)
      let qAt = (rows.lowerBound + begin) * q.columns + head * width
      k_gemm_f32(
        0, 1, m, n, Int64(width), 1, q.start + qAt, Int64(q.columns), k.start + kAt,
        Int64(k.columns), 0, p.start, n)
      k_causal_softmax_f32(
        p.start, logSumExp.start + head * q.rows + rows.lowerBound + begin, m, n, n,
        Int64(begin + 1), heads.scale)
      k_gemm_f32(
        0, 0, m, Int64(width), n, 1, p.start, n, v.start + kAt, Int64(v.columns), 0,
        y.start + qAt, Int64(y.columns))
    }
  }
  return y.recorded(
    Attention(
      q: q, k: k, v: v, y: y, logSumExp: logSumExp, segments: segments, heads: heads),
    from: q.slot, k.slot, v.slot)
}
