/// Byte-pair encoding of one piece of text (Sennrich et al. 2016): again and again the adjacent pair
/// of lowest rank is joined, the leftmost first among equals.
struct BytePairEncoder: Sendable {
  /// What the first symbols are.
  enum Symbols: Sendable {
    /// Bytes, with the id of each; -1 for bytes without a token.
    case bytes([Int32])
    /// Characters, with the ids of those of ASCII.
    case characters([Int32])
  }

  var vocabulary: Vocabulary
  var merges: MergeTable
  var symbols: Symbols
  /// The ids of bytes (-1: none) for characters without a token, if all of a character's have one.
  var fallbackIDs: [Int32]?
  /// Stands for what has no token; where nil, it vanishes.
  var unknownID: Int32?
  /// One unknown token for a run of such symbols, not one each.
  var fusesUnknown = false
  /// A piece that is a token becomes that token, whether or not merges lead to it.
  var ignoresMerges = false

  /// A stretch of the piece: its token, its neighbors, its merge with the next (`.max`: none).
  struct Symbol { var id: Int32, length: Int32, previous: Int32, next: Int32, merge: UInt64 }

  /// What encoding needs beside the tables; one per call in flight, kept for its storage.
  struct Scratch: Sendable {
    var symbols: [Symbol] = []
    var queue = MergeQueue()
    var cache = PieceCache()
    var text: [UInt8] = []
  }

  /// Appends the tokens of `piece`, and if wanted their byte ranges, `start` added.
  func encode(
    _ piece: UnsafeBufferPointer<UInt8>, at start: Int, into out: inout TokenList,
    _ scratch: inout Scratch
  ) {
    let key = PieceCache.Key(piece)
    if let key, let entry = scratch.cache[key] {
      appendCached(entry, at: start, into: &out)
      return
    }
    if ignoresMerges, let id = wholeToken(piece, &scratch) {
      out.append(id, start..<start + piece.count)
      return
    }
    scratch.symbols.removeAll(keepingCapacity: true)
    switch symbols {
    case .bytes(let ids): split(piece, bytes: ids, &scratch)
    case .characters(let ids): split(piece, characters: ids, &scratch)
    }
    if scratch.symbols.isEmpty { return }
    scratch.symbols[scratch.symbols.count - 1].next = -1
    merge(&scratch)
    let first = out.ids.count
    var position = start, index = 0
    while index >= 0 {
      let symbol = scratch.symbols[index]
      out.append(symbol.id, position..<position + Int(symbol.length))
      position += Int(symbol.length)
      index = Int(symbol.next)
    }
    if let key, isExact(out.ids[first...], piece.count) {
      scratch.cache.insert(key, out.ids[first...])
    }
  }

  @inline(__always)
  private func appendCached(_ entry: PieceCache.Entry, at start: Int, into out: inout TokenList) {
    var position = start
    entry.forEach { id in
      if out.wantsRanges {
        let end = position + vocabulary.byteCount(of: id)
        out.append(id, position..<end)
        position = end
      } else {
        out.ids.append(id)
      }
    }
  }

  /// Whether tokens stand for exactly `count` bytes: then ranges follow from the ids alone.
  private func isExact(_ ids: ArraySlice<Int32>, _ count: Int) -> Bool {
    ids.count <= PieceCache.Entry.capacity
      && ids.reduce(0) { $0 + vocabulary.byteCount(of: $1) } == count
  }

  private func wholeToken(_ piece: UnsafeBufferPointer<UInt8>, _ scratch: inout Scratch) -> Int32? {
    guard case .bytes = symbols else { return vocabulary.modelID(of: piece) }
    scratch.text.removeAll(keepingCapacity: true)
    ByteAlphabet.encode(piece, into: &scratch.text)
    return scratch.text.withUnsafeBufferPointer { vocabulary.modelID(of: $0) }
  }

  private func merge(_ scratch: inout Scratch) {
    scratch.queue.removeAll()
    for index in 0..<scratch.symbols.count - 1 {
      let merge = merges.find(scratch.symbols[index].id, scratch.symbols[index + 1].id)
      scratch.symbols[index].merge = merge
      if merge != .max { scratch.queue.push(rank: merge >> 32, position: index) }
    }
    while let (rank, index) = scratch.queue.pop() {
      let left = scratch.symbols[index]
      // Ranks are unique, so an equal rank means that the pair still stands as it was queued.
      guard left.merge != .max, left.merge >> 32 == rank else { continue }
      let right = scratch.symbols[Int(left.next)]
      let joined = Int32(truncatingIfNeeded: left.merge)
      scratch.symbols[Int(left.next)].merge = .max
      scratch.symbols[index].id = joined
      scratch.symbols[index].length += right.length
      scratch.symbols[index].next = right.next
      if right.next >= 0 { scratch.symbols[Int(right.next)].previous = Int32(index) }
      requeue(index, &scratch)
      if left.previous >= 0 { requeue(Int(left.previous), &scratch) }
    }
  }

  /// Looks up the merge of the symbol at `index` with the one after it.
  @inline(__always)
  private func requeue(_ index: Int, _ scratch: inout Scratch) {
    let symbol = scratch.symbols[index]
    let merge =
      symbol.next < 0 ? .max : merges.find(symbol.id, scratch.symbols[Int(symbol.next)].id)
    scratch.symbols[index].merge = merge
    if merge != .max { scratch.queue.push(rank: merge >> 32, position: index) }
  }
}
