import CKernels

/// The keys and values of one layer for a batch of sequences that grow token by token.
public final class KeyValueCache {
  /// One sequence's, head by head, each with room for `room` tokens.
  private struct Room {
    let keys: Buffer, values: Buffer, capacity: Int, room: Int

    init(_ capacity: Int, _ heads: HeadShape) {
      self.capacity = capacity
      // Keys lie sixteen tokens together.
      room = (capacity + 15) / 16 * 16
      keys = Buffer(room * heads.keys * heads.width)
      values = Buffer(room * heads.keys * heads.width)
    }
  }

  private var rooms: [Room]
  /// Tokens kept for each sequence.
  public private(set) var lengths: [Int]
  private let heads: HeadShape

  /// An empty cache for `sequences` sequences of at most `capacity` tokens.
  public init(sequences: Int, capacity: [Int], heads: HeadShape) {
    precondition(capacity.count == sequences, "cache: \(sequences) sequences, \(capacity)")
    rooms = capacity.map { Room($0, heads) }
    lengths = Array(repeating: 0, count: sequences)
    self.heads = heads
  }

  /// Drops all sequences but these, which keep their order.
  public func keep(_ sequences: [Int]) {
    rooms = sequences.map { rooms[$0] }
    lengths = sequences.map { lengths[$0] }
  }

  /// Appends segment i's rows to sequence i.
  func append(_ k: Tensor, _ v: Tensor, _ segments: Segments) {
    precondition(segments.count == lengths.count, "cache: \(segments.count) of \(lengths.count)")
    for index in 0..<segments.count {
      let rows = segments[index], past = lengths[index], room = rooms[index]
      precondition(past + rows.count <= room.capacity, "cache: full at \(past)")
      for head in 0..<heads.keys {
        let at = rows.lowerBound * k.columns + head * heads.width
        let place = head * room.room * heads.width
        k_append_to_cache_f32(
          room.keys.start + place, room.values.start + place, k.start + at, v.start + at,
          Int64(past), Int64(rows.count), Int64(k.columns), Int64(heads.width))
      }
      lengths[index] = past + rows.count
    }
  }

  /// y = attention of query head `head`'s q over the tokens `seen` of a sequence.
  fileprivate func attend(
    _ y: UnsafeMutablePointer<Float>, _ q: UnsafePointer<Float>, sequence: Int, head: Int,
    seen: Range<Int64>, scratch: Buffer
  ) {
    let room = rooms[sequence], place = head / heads.group * room.room * heads.width
    k_attend_row_f32(
      y, q, room.keys.start + place, room.values.start + place, seen.lowerBound, seen.upperBound,
      Int64(heads.width), heads.scale, scratch.start)
  }

  fileprivate func scratch(_ sequence: Int) -> Buffer { Buffer(rooms[sequence].room) }
}

/// Attention of new tokens over their sequences' caches, to which their keys and values are appended
/// first. Segment i continues sequence i. With `window` a token sees the last `window` tokens up to
/// itself. Constants only.
public func attend(
  _ q: Tensor, _ k: Tensor, _ v: Tensor, _ asking: Asking, heads: HeadShape, window: Int? = nil,
  cache: KeyValueCache
) -> Tensor {
  let past = cache.lengths, segments = asking.segments
  cache.append(k, v, segments)
  // From empty caches, all at once by blocks, as in training.
  if past.allSatisfy({ $0 == 0 }), segments.tokens > segments.count {
    return attend(q.detached, k.detached, v.detached, asking, heads: heads, window: window)
  }
  let y = Tensor(q.rows, q.columns)
  // Short texts of few heads are not worth a second thread.
  let length = min(cache.lengths.max() ?? 1, window ?? .max)
  let rows = max(1, asking.tokens.count / segments.count)
  let grain = max(1, 32_768 / (length * rows * heads.width))
  Parallel.ranges(segments.count * heads.queries, grain: grain) { tasks in
    for task in tasks {
      let sequence = task / heads.queries, head = task % heads.queries
      let scratch = cache.scratch(sequence)
      for row in asking.rows[sequence] {
        let at = row * q.columns + head * heads.width
        let count = Int64(past[sequence]) + asking.seen[row]
        cache.attend(
          y.start + at, q.start + at, sequence: sequence, head: head,
          seen: max(0, count - (window.map(Int64.init) ?? count))..<count, scratch: scratch)
      }
    }
  }
  return y
}
