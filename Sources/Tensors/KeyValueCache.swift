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
    keys = capacity.map { [columns] in Buffer($0 * columns) }
    values = capacity.map { [columns] in Buffer($0 * columns) }
    lengths = Array(repeating: 0, count: sequences)
  }

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
        at + rows.count * columns <= keys[index].count, "cache: full at \(lengths[index])")
      (keys[index].start + at).update(from: k.start + first, count: rows.count * columns)
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
  Parallel.run(segments.count * heads.queries) { task in
    let sequence = task / heads.queries, head = task % heads.queries
    let scratch = Buffer(cache.lengths[sequence]), group = head / heads.group
    for row in asking.rows[sequence] {
      let at = row * q.columns + head * width
      k_attend_row_f32(
        y.start + at, q.start + at, cache.key(sequence) + group * width,
        cache.value(sequence) + group * width, Int64(past[sequence]) + asking.seen[row],
        Int64(k.columns), Int64(width), heads.scale, scratch.start)
    }
  }
  return y
}
