/// The merges of byte-pair encoding: (left, right) → (rank, joined), by open addressing.
struct MergeTable: Sendable {
  private var keys: [UInt64]
  private var values: [UInt64]
  private let mask: Int
  private static let empty = UInt64.max

  /// Room for `capacity` merges.
  init(capacity: Int) {
    let size = Vocabulary.tableSize(capacity)
    keys = [UInt64](repeating: Self.empty, count: size)
    values = [UInt64](repeating: 0, count: size)
    mask = size - 1
  }

  @inline(__always)
  private func slot(_ key: UInt64) -> Int {
    let mixed = key &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: mixed >> 32) & mask
  }

  /// Adds a merge; of two for one pair the later counts, as in the original library.
  mutating func insert(left: Int32, right: Int32, rank: Int, joined: Int32) {
    let key = Self.key(left, right)
    var slot = slot(key)
    while keys[slot] != Self.empty, keys[slot] != key { slot = (slot + 1) & mask }
    keys[slot] = key
    values[slot] = UInt64(rank) << 32 | UInt64(UInt32(bitPattern: joined))
  }

  /// rank << 32 | joined; `UInt64.max` if the two do not merge.
  @inline(__always)
  func find(_ left: Int32, _ right: Int32) -> UInt64 {
    let key = Self.key(left, right)
    var slot = slot(key)
    while true {
      let found = keys[slot]
      if found == key { return values[slot] }
      if found == Self.empty { return .max }
      slot = (slot + 1) & mask
    }
  }

  @inline(__always)
  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }
}
