import CKernels

/// The keys and values of one layer for a batch of sequences that grow token by token.
///
/// They lie in parts. Sequences that go on from a common beginning share its parts; each writes what
/// follows into parts of its own.
public final class KeyValueCache {
  /// Keys and values of some tokens, head by head, with room for `room` tokens.
  fileprivate final class Part {
    let keys: Buffer, values: Buffer, room: Int

    init(tokens: Int, _ heads: HeadShape) {
      // Keys lie sixteen tokens together.
      room = (tokens + 15) / 16 * 16
      keys = Buffer(room * heads.keys * heads.width)
      values = Buffer(room * heads.keys * heads.width)
    }
  }

  /// A part as one sequence reads it: its first `count` tokens.
  fileprivate struct Piece {
    var part: Part, count: Int
  }

  /// Tokens of a part that is begun behind others.
  static let page = 64

  fileprivate private(set) var sequences: [[Piece]]
  /// Tokens kept for each sequence.
  public private(set) var lengths: [Int]
  fileprivate let heads: HeadShape
  /// Keys and values that every sequence begins with.
  fileprivate let given: (keys: Tensor, values: Tensor)?
  fileprivate var givenCount: Int { given?.keys.rows ?? 0 }

  /// A cache for `sequences` sequences, of which each begins with what is `given`; empty without.
  public init(sequences: Int, heads: HeadShape, given: (keys: Tensor, values: Tensor)? = nil) {
    self.sequences = Array(repeating: [], count: sequences)
    self.heads = heads
    self.given = given
    lengths = Array(repeating: given?.keys.rows ?? 0, count: sequences)
  }

  /// Drops all sequences but these, which keep their order.
  public func keep(_ sequences: [Int]) {
    self.sequences = sequences.map { self.sequences[$0] }
    lengths = sequences.map { lengths[$0] }
  }

  /// Adds a sequence that goes on from what another cache holds of its sequence `index`, which is
  /// shared, not copied.
  public func add(continuing other: KeyValueCache, _ index: Int) {
    sequences.append(other.sequences[index])
    lengths.append(other.lengths[index])
  }

  /// Appends segment i's rows to sequence i.
  fileprivate func append(_ k: Tensor, _ v: Tensor, _ segments: Segments) {
    precondition(segments.count == lengths.count, "cache: \(segments.count) of \(lengths.count)")
    for index in 0..<segments.count {
      let count = segments[index].count
      if let given, sequences[index].isEmpty {
        // In one part with what follows, which a group then shares with it.
        write(given.keys, given.values, 0..<givenCount, to: index, roomFor: givenCount + count)
      }
      write(k, v, segments[index], to: index, roomFor: count)
      lengths[index] += count
    }
  }

  /// Appends rows to a sequence's parts; one that is begun for them has room for `room` tokens.
  private func write(
    _ k: Tensor, _ v: Tensor, _ rows: Range<Int>, to index: Int, roomFor room: Int
  ) {
    var rows = rows
    while !rows.isEmpty {
      let piece = writablePiece(of: index, room)
      let (part, past) = (sequences[index][piece].part, sequences[index][piece].count)
      let some = rows.prefix(part.room - past)
      for head in 0..<heads.keys {
        let at = some.lowerBound * k.columns + head * heads.width
        let place = head * part.room * heads.width
        k_append_to_cache_f32(
          part.keys.start + place, part.values.start + place, k.start + at, v.start + at,
          Int64(past), Int64(some.count), Int64(k.columns), Int64(heads.width))
      }
      sequences[index][piece].count += some.count
      rows = rows.dropFirst(some.count)
    }
  }

  /// The last piece of a sequence, if it has room and no other sequence reads it; else a new one for
  /// `count` tokens.
  private func writablePiece(of index: Int, _ count: Int) -> Int {
    let last = sequences[index].count - 1
    if last >= 0, sequences[index][last].count < sequences[index][last].part.room,
      isKnownUniquelyReferenced(&sequences[index][last].part)
    {
      return last
    }
    let tokens = last < 0 ? count : max(count, Self.page)
    sequences[index].append(Piece(part: Part(tokens: tokens, heads), count: 0))
    return last + 1
  }
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
  if past.allSatisfy({ $0 == cache.givenCount }), segments.tokens > segments.count {
    guard let given = cache.given else {
      return attend(q.detached, k.detached, v.detached, asking, heads: heads, window: window)
    }
    let texts = SharedPrefix(segments, behind: cache.givenCount)
    return attend(
      q.detached, texts.laid(k.detached, behind: given.keys.detached),
      texts.laid(v.detached, behind: given.values.detached), texts.asking(asking.tokens),
      heads: heads, window: window)
  }
  let y = Tensor(q.rows, q.columns)
  Stopwatch.time("Attention", .forward) {
    let queries = CachedQueries(cache, asking, past: past, window: window)
    Stopwatch.count(flops: 4 * queries.products)
    // Short texts of few heads are not worth a second thread.
    let tasks = queries.companies.count * heads.keys
    let grain = Int(65_536 * Double(tasks) / max(queries.products, 1))
    Parallel.ranges(tasks, grain: grain) { tasks in
      for task in tasks { queries.attend(y, q, company: task / heads.keys, key: task % heads.keys) }
    }
  }
  return y
}

/// New tokens that ask caches, in companies that read a common beginning together.
private struct CachedQueries {
  /// One token of a sequence and the tokens that it sees.
  struct Query {
    let row: Int, sequence: Int, seen: Range<Int>
  }

  let cache: KeyValueCache
  private(set) var companies: [[Query]] = []
  /// Rows of scores that exist at once, about.
  private static let most = 16

  init(_ cache: KeyValueCache, _ asking: Asking, past: [Int], window: Int?) {
    self.cache = cache
    for sequence in past.indices {
      for row in asking.rows[sequence] {
        let count = past[sequence] + Int(asking.seen[row])
        add(Query(row: row, sequence: sequence, seen: max(0, count - (window ?? count))..<count))
      }
    }
  }

  /// A query joins the company before it if both see all of the same first part.
  private mutating func add(_ query: Query) {
    guard let mate = companies.last?.last, let first = cache.sequences[query.sequence].first,
      first.part === cache.sequences[mate.sequence].first?.part,
      [mate, query].allSatisfy({ $0.seen.lowerBound == 0 && $0.seen.upperBound >= first.count }),
      first.count == cache.sequences[mate.sequence].first?.count,
      (companies[companies.count - 1].count + 1) * cache.heads.group <= Self.most
    else { return companies.append([query]) }
    companies[companies.count - 1].append(query)
  }

  /// Multiply-adds of one product of scores with keys or values.
  var products: Double {
    companies.joined().reduce(0) { $0 + Double($1.seen.count) }
      * Double(cache.heads.queries * cache.heads.width)
  }

  /// y of a company's query heads that share the key head `key`.
  func attend(_ y: Tensor, _ q: Tensor, company index: Int, key: Int) {
    let company = companies[index], heads = cache.heads, width = Int64(heads.width)
    let stride = ((company.map(\.seen.upperBound).max() ?? 0) + 31) / 16 * 16
    let scores = Buffer(company.count * heads.group * stride)
    var asked: [UnsafePointer<Float>?] = [], answers: [UnsafeMutablePointer<Float>?] = []
    for query in company {
      for head in key * heads.group..<(key + 1) * heads.group {
        asked.append(q.start + query.row * q.columns + head * heads.width)
        answers.append(y.start + query.row * y.columns + head * heads.width)
      }
    }
    forEachPiece(company) { queries, part, seen, at in
      let first = queries.lowerBound * heads.group, place = key * part.room * heads.width
      asked.withUnsafeBufferPointer {
        k_cache_scores_f32(
          scores.start + first * stride + at, Int64(stride), $0.baseAddress! + first,
          Int64(queries.count * heads.group), part.keys.start + place, Int64(seen.lowerBound),
          Int64(seen.upperBound), width)
      }
    }
    var inverses: [Float] = []
    for (row, answer) in answers.enumerated() {
      let seen = company[row / heads.group].seen
      var sum: Float = 0
      k_cache_weights_f32(
        scores.start + row * stride + seen.lowerBound, &sum, Int64(seen.count), heads.scale)
      inverses.append(1 / sum)
      answer?.update(repeating: 0, count: heads.width)
    }
    forEachPiece(company) { queries, part, seen, at in
      let first = queries.lowerBound * heads.group, place = key * part.room * heads.width
      answers.withUnsafeBufferPointer {
        k_cache_values_f32(
          $0.baseAddress! + first, scores.start + first * stride + at + seen.lowerBound,
          Int64(stride), Int64(queries.count * heads.group),
          part.values.start + place + seen.lowerBound * heads.width, Int64(seen.count), width)
      }
    }
    for (row, answer) in answers.enumerated() {
      k_scale_rows_f32(answer, &inverses[row], 1, width)
    }
  }

  /// The pieces that a company sees, from the first token to the last: what all see for all, then the
  /// rest of each. `seen` counts within the part, whose first token has the place `at`.
  private func forEachPiece(
    _ company: [Query],
    _ body: (_ queries: Range<Int>, KeyValueCache.Part, _ seen: Range<Int>, _ at: Int) -> Void
  ) {
    for (index, query) in company.enumerated() {
      var at = 0
      for (number, piece) in cache.sequences[query.sequence].enumerated() {
        let whole = at..<at + piece.count, seen = whole.clamped(to: query.seen)
        let isShared = number == 0 && company.count > 1
        if !seen.isEmpty, !isShared || index == 0 {
          body(
            isShared ? company.indices : index..<index + 1, piece.part,
            seen.lowerBound - at..<seen.upperBound - at, at)
        }
        at = whole.upperBound
      }
    }
  }
}
