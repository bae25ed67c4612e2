/// Small numbers in runs, repeated or packed, as Parquet stores levels and places in a dictionary.
enum ParquetRuns {
  /// The next `count` numbers of `width` bits.
  static func read(
    _ cursor: inout ByteCursor, width: Int, count: Int
  ) throws(ParquetError) -> [UInt32] {
    guard 0...32 ~= width else {
      throw ParquetError("packs numbers of \(width) bits; it is damaged")
    }
    guard width > 0 else { return [UInt32](repeating: 0, count: count) }
    var values: [UInt32] = []
    values.reserveCapacity(count)
    while values.count < count {
      let head = try cursor.varint()
      guard head > 1 else { throw ParquetError("holds an empty run; it is damaged") }
      let left = count - values.count
      if head & 1 == 1 {
        let groups = Int(clamping: head >> 1)
        guard groups <= cursor.rest / width + 1 else { throw ParquetError.truncated }
        // A writer may leave out what fills the last group.
        let bytes = try cursor.take(min(groups * width, cursor.rest))
        let number = min(groups * 8, left)
        guard number * width <= bytes.count * 8 else { throw ParquetError.truncated }
        unpack(bytes, width: width, count: number, into: &values)
      } else {
        let value = UInt32(truncatingIfNeeded: try cursor.littleEndian((width + 7) / 8))
        values.append(
          contentsOf: repeatElement(value, count: min(Int(clamping: head >> 1), left)))
      }
    }
    return values
  }

  private static func unpack(
    _ bytes: UnsafeRawBufferPointer, width: Int, count: Int, into values: inout [UInt32]
  ) {
    var bits: UInt64 = 0, held = 0, place = 0
    let mask: UInt64 = 1 << UInt64(width) - 1
    for _ in 0..<count {
      while held < width {
        bits |= UInt64(bytes[place]) << UInt64(held)
        place += 1
        held += 8
      }
      values.append(UInt32(truncatingIfNeeded: bits & mask))
      bits >>= UInt64(width)
      held -= width
    }
  }

  /// The number of bits that hold `most`.
  static func width(of most: Int) -> Int { Int.bitWidth - most.leadingZeroBitCount }
}
