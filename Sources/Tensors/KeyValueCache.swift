import CKernels

/// The keys and values of one layer for a batch of sequences that grow token by token.
public final class KeyValueCache {
  private var keys: [Buffer], values: [Buffer]
  /// Tokens kept for each sequence.
  public private(set) var lengths: [Int]
  private let columns: Int

  /// An empty cache for `sequences` sequences of at most `capacity` tokens.
  public init(sequences: Int, capacity: [Int], heads: HeadShape) {
    precondition(capacity.count == sequences, "cache: \(sequences) sequences, \(capacity)")
    columns = heads.keys * heads.width
    keys = capacity.map { [columns] in Buffer(Self.blocks($0) * columns) }
    values = capacity.map { [columns] in Buffer($0 * columns) }
    lengths = Array(repeating: 0, count: sequences)
  }

  /// Keys are kept sixteen tokens together: `count` tokens take room for this many.
  fileprivate static func blocks(_ count: Int) -> Int { (count + 15) / 16 * 16 }

  /// Drops all sequences but these, which keep their order.
  public func keep(_ sequences: [Int]) {
    keys = sequences.map { keys[$0] }
    values = sequences.map { values[$0] }
    lengths = sequences.map { lengths[$0] }
  }

  /// Appends segment i's rows to sequence i.
  func append(_ k: Tensor, _ v: Tensor, _ segments: Segments) {
    precondition(segments.count == lengths.count, "cache: \(segments.count) of \(lengths.count)")
    for index in 0..<segments.count {
      let rows = segments[index], at = lengths[index] * columns, first = rows.lowerBound * columns
      precondition(
        at + rows.count * columns <= values[index].count, "cache: full at \(lengths[index])")
      k_append_keys_f32(
        keys[index].start, k.start + first, Int64(lengths[index]), Int64(rows.count),
        Int64(columns))
      (values[index].start + at).update(from: v.start + first, count: rows.count * columns)
      lengths[index] += rows.count
    }
  }

  fileprivate func key(_ sequence: Int) -> UnsafeMutablePointer<Float> { keys[sequence].start }
  fileprivate func value(_ sequence: Int) -> UnsafeMutablePointer<Float> { values[sequence].start }
}

/// Attention of new tokens over their sequences' caches, to which their keys and values are appended
/// first. Segment i continues sequence i. Constants only.
public func attend(
  _ q: Tensor, _ k: Tensor, _ v: Tensor, _ asking: Asking, heads: HeadShape, cache: KeyValueCache
) -> Tensor {
  let past = cache.lengths, segments = asking.segments
  cache.append(k, v, segments)
  // From empty caches, all at once by blocks, as in training.
  if past.allSatisfy({ $0 == 0 }), segments.tokens > segments.count {
    return attend(q.detached, k.detached, v.detached, asking, heads: heads)
  }
  let y = Tensor(q.rows, q.columns), width = heads.width
  // Short texts of few heads are not worth a second thread.
  let work = (cache.lengths.max() ?? 0) * width * (asking.tokens.count / segments.count)
  Parallel.ranges(segments.count * heads.queries, grain: max(1, 32_768 / max(work, 1))) { tasks in
    for task in tasks {
      let sequence = task / heads.queries, head = task % heads.queries
      let scratch = Buffer(KeyValueCache.blocks(cache.lengths[sequence]))
      let first = head / heads.group * width
      for row in asking.rows[sequence] {
        let at = row * q.columns + head * width
        k_attend_row_f32(
          y.start + at, q.start + at, cache.key(sequence) + first * 16,
          cache.value(sequence) + first, Int64(past[sequence]) + asking.seen[row],
          Int64(k.columns), Int64(width), heads.scale, scratch.start)
      }
    }
  }
  return y
}
