/// A binary heap of possible merges: lowest rank first, then leftmost.
struct MergeQueue: Sendable {
  private var heap: [UInt64] = []

  mutating func removeAll() { heap.removeAll(keepingCapacity: true) }

  mutating func push(rank: UInt64, position: Int) {
    let entry = rank << 32 | UInt64(position)
    var child = heap.count
    heap.append(entry)
    while child > 0 {
      let parent = (child - 1) / 2
      guard heap[parent] > entry else { break }
      heap[child] = heap[parent]
      child = parent
    }
    heap[child] = entry
  }

  mutating func pop() -> (rank: UInt64, position: Int)? {
    guard let top = heap.first, let entry = heap.popLast() else { return nil }
    let count = heap.count
    if count > 0 {
      var parent = 0
      while true {
        var child = 2 * parent + 1
        guard child < count else { break }
        if child + 1 < count, heap[child + 1] < heap[child] { child += 1 }
        guard heap[child] < entry else { break }
        heap[parent] = heap[child]
        parent = child
      }
      heap[parent] = entry
    }
    return (top >> 32, Int(top & 0xFFFF_FFFF))
  }
}
