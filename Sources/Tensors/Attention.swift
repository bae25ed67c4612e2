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

/// Which tokens of packed segments ask: all of them, or the rows that somebody still needs.
public struct Asking {
  /// The packed sequences whose keys and values are asked.
  public let segments: Segments
  /// The tokens that ask, in rising order; row i of the queries is token tokens[i].
  public let tokens: [Int]
  /// The query rows of each segment.
  let rows: [Range<Int>]
  /// How many keys of its segment each query row sees: those up to itself.
  let seen: [Int64]

  /// Whether every token asks.
  public var isWhole: Bool { tokens.count == segments.tokens }

  /// `tokens` of `segments`; all of them when left out.
  public init(_ segments: Segments, tokens: [Int]? = nil) {
    let tokens = tokens ?? Array(0..<segments.tokens)
    var rows: [Range<Int>] = [], seen: [Int64] = [], next = 0
    for index in 0..<segments.count {
      let segment = segments[index], first = next
      while next < tokens.count, segment.contains(tokens[next]) {
        seen.append(Int64(tokens[next] - segment.lowerBound + 1))
        next += 1
      }
      rows.append(first..<next)
    }
    precondition(next == tokens.count, "attention: rows \(tokens) of \(segments.tokens) tokens")
    self.segments = segments
    self.tokens = tokens
    self.rows = rows
    self.seen = seen
  }
}

/// Causal attention within segments. Keeps the log-sum-exp of each row of scores instead of the
/// scores, which the way back computes again block by block (Dao et al. 2022). A block computes the
/// keys that its last row sees, and none of another segment.
struct Attention: Operation {
  let q: Kept, k: Kept, v: Kept, logSumExp: Buffer
  let asking: Asking, heads: HeadShape

  /// Query rows handled at once: scores of a block stay in the cache.
  static let block = 64

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    // The three gradients come from one walk over the blocks; they are added to their slots after.
    let walk = Walk(q: q.value, k: k.value, v: v.value, asking: asking, heads: heads)
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
    let q: Tensor, k: Tensor, v: Tensor, asking: Asking, heads: HeadShape

    /// Blocks of a segment's query rows, each with the number of keys that it needs.
    func blocks(_ segment: Int) -> [(rows: Range<Int>, keys: Int)] {
      let rows = asking.rows[segment]
      return stride(from: rows.lowerBound, to: rows.upperBound, by: Attention.block).map { first in
        let part = first..<min(first + Attention.block, rows.upperBound)
        return (part, Int(asking.seen[part.upperBound - 1]))
      }
    }

    func forward(_ y: Tensor, _ logSumExp: Buffer, segment: Int, head: Int) {
      let width = Int64(heads.width), ks = Int64(k.columns), qs = Int64(q.columns)
      let kAt = asking.segments[segment].lowerBound * k.columns + head / heads.group * heads.width
      for (rows, keys) in blocks(segment) {
        let m = Int64(rows.count), n = Int64(keys), p = Buffer(rows.count * keys)
        let qAt = rows.lowerBound * q.columns + head * heads.width
        k_product_f32(
          p.start, n, q.start + qAt, qs, 0, k.start + kAt, ks, 1, m, n, width, heads.scale, 0)
        asking.seen.withUnsafeBufferPointer {
          k_causal_softmax_f32(
            p.start, logSumExp.start + head * q.rows + rows.lowerBound,
            $0.baseAddress! + rows.lowerBound, m, n)
        }
        k_product_f32(
          y.start + qAt, qs, p.start, n, 0, v.start + kAt, ks, 0, m, width, n, 1, 0)
      }
    }

    /// One segment, one key head and the query heads that share it.
    func pullback(
      _ dy: Tensor, _ logSumExp: Buffer, segment: Int, key: Int, _ dq: Tensor, _ dk: Tensor,
      _ dv: Tensor
    ) {
      let width = Int64(heads.width), ks = Int64(k.columns), qs = Int64(q.columns)
      let tokens = asking.segments[segment]
      let kAt = tokens.lowerBound * k.columns + key * heads.width
      clear(dk.start + kAt, tokens.count, k.columns)
      clear(dv.start + kAt, tokens.count, k.columns)
      for head in key * heads.group..<(key + 1) * heads.group {
        for (rows, keys) in blocks(segment) {
          let m = Int64(rows.count), n = Int64(keys)
          let p = Buffer(rows.count * keys), ds = Buffer(rows.count * keys)
          let qAt = rows.lowerBound * q.columns + head * heads.width
          k_product_f32(
            p.start, n, q.start + qAt, qs, 0, k.start + kAt, ks, 1, m, n, width, heads.scale, 0)
          asking.seen.withUnsafeBufferPointer {
            k_causal_softmax_again_f32(
              p.start, logSumExp.start + head * q.rows + rows.lowerBound,
              $0.baseAddress! + rows.lowerBound, m, n)
          }
          k_product_f32(
            ds.start, n, dy.start + qAt, qs, 0, v.start + kAt, ks, 1, m, n, width, 1, 0)
          k_product_f32(
            dv.start + kAt, ks, p.start, n, 1, dy.start + qAt, qs, 0, n, width, m, 1, 1)
          k_softmax_backward_f32(ds.start, p.start, m, n, heads.scale)
          k_product_f32(
            dq.start + qAt, qs, ds.start, n, 0, k.start + kAt, ks, 0, m, width, n, 1, 0)
          k_product_f32(
            dk.start + kAt, ks, ds.start, n, 1, q.start + qAt, qs, 0, n, width, m, 1, 1)
        }
      }
    }

    /// Zeros one head's part of `rows` rows.
    private func clear(_ start: UnsafeMutablePointer<Float>, _ rows: Int, _ stride: Int) {
      for row in 0..<rows { (start + row * stride).update(repeating: 0, count: heads.width) }
    }
  }
}

/// softmax(q · kᵀ / √width, causal, within segments) · v for k, v [tokens, keys · width] and q
/// [asking tokens, queries · width] (Vaswani et al. 2017; grouped heads: Ainslie et al. 2023).
public func attend(_ q: Tensor, _ k: Tensor, _ v: Tensor, _ asking: Asking, heads: HeadShape)
  -> Tensor
{
  precondition(
    q.rows == asking.tokens.count && q.columns == heads.queries * heads.width
      && k.rows == asking.segments.tokens && k.columns == heads.keys * heads.width
      && v.rows == k.rows && v.columns == k.columns,
    "attend: q \(q.shape), k \(k.shape), v \(v.shape), \(asking.tokens.count) of "
      + "\(asking.segments.tokens) tokens, \(heads)")
  let y = Tensor(q.rows, q.columns), logSumExp = Buffer(heads.queries * q.rows)
  let walk = Attention.Walk(q: q, k: k, v: v, asking: asking, heads: heads)
  Stopwatch.time("Attention", .forward) {
    Parallel.run(asking.segments.count * heads.queries) { task in
      walk.forward(y, logSumExp, segment: task / heads.queries, head: task % heads.queries)
    }
  }
  return y.recorded(
    Attention(
      q: Kept(q), k: Kept(k), v: Kept(v), logSumExp: logSumExp, asking: asking, heads: heads),
    from: q.slot, k.slot, v.slot)
}
