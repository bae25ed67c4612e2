/// The tokens of short pieces seen before: a direct-mapped table of fixed size, where a new piece
/// displaces the old one. Real text repeats its words, so most lookups end here.
struct PieceCache: Sendable {
  /// Up to 16 bytes, zero-padded, with their number.
  struct Key: Sendable, Equatable {
    let low: UInt64, high: UInt64, count: UInt8

    /// nil for pieces that are too long.
    @inline(__always)
    init?(_ piece: UnsafeBufferPointer<UInt8>) {
      guard piece.count <= 16 else { return nil }
      var low: UInt64 = 0, high: UInt64 = 0
      for index in 0..<min(piece.count, 8) { low |= UInt64(piece[index]) << (8 * UInt64(index)) }
      if piece.count > 8 {
        for index in 8..<piece.count { high |= UInt64(piece[index]) << (8 * UInt64(index - 8)) }
      }
      (self.low, self.high, self.count) = (low, high, UInt8(piece.count))
    }

    @inline(__always)
    var slot: Int {
      let mixed = (low ^ (high &* 0x9E37_79B9_7F4A_7C15)) &* 0xD6E8_FEB8_6659_FD93
      return Int(truncatingIfNeeded: mixed >> 40) & (PieceCache.size - 1)
    }
  }

  /// A piece's ids; up to four.
  struct Entry: Sendable {
    static let capacity = 4
    var low: UInt64 = 0, high: UInt64 = 0
    var bytes: UInt8 = 0, count: UInt8 = 0
    var ids: (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)

    @inline(__always)
    func forEach(_ body: (Int32) -> Void) {
      body(ids.0)
      if count > 1 { body(ids.1) }
      if count > 2 { body(ids.2) }
      if count > 3 { body(ids.3) }
    }
  }

  static let size = 1 << 14
  private var entries = [Entry](repeating: Entry(), count: size)

  /// The entry of a piece, if it is still here.
  @inline(__always)
  subscript(_ key: Key) -> Entry? {
    let entry = entries[key.slot]
    return entry.low == key.low && entry.high == key.high && entry.bytes == key.count
      && entry.count > 0 ? entry : nil
  }

  /// Remembers one to four ids.
  mutating func insert(_ key: Key, _ ids: ArraySlice<Int32>) {
    let first = ids.startIndex
    func id(_ offset: Int) -> Int32 { offset < ids.count ? ids[first + offset] : 0 }
    entries[key.slot] = Entry(
      low: key.low, high: key.high, bytes: key.count, count: UInt8(ids.count),
      ids: (id(0), id(1), id(2), id(3)))
  }
}
