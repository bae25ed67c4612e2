/// Values that stand one behind the other, without those that are null.
enum ParquetValues {
  /// The next `count` values of a column, as they are.
  static func plain(
    _ cursor: inout ByteCursor, _ leaf: ParquetNode.Leaf, count: Int
  ) throws(ParquetError) -> [ParsedJSON] {
    var values: [ParsedJSON] = []
    values.reserveCapacity(min(count, cursor.rest * 8))
    switch leaf.type {
    case 0:
      let bytes = try cursor.take((count + 7) / 8)
      for place in 0..<count { values.append(.bool(bytes[place / 8] >> (place % 8) & 1 == 1)) }
    case 1, 2: try numbers(&cursor, leaf, count, &values)
    case 4, 5:
      let size = leaf.type == 4 ? 4 : 8
      let bytes = try cursor.take(try product(count, size))
      for place in 0..<count {
        values.append(
          .double(
            size == 4
              ? Double(bytes.loadUnaligned(fromByteOffset: place * 4, as: Float.self))
              : bytes.loadUnaligned(fromByteOffset: place * 8, as: Double.self)))
      }
    default:
      for _ in 0..<count {
        let size = try cursor.take(4).loadUnaligned(as: UInt32.self)
        let bytes = try cursor.take(Int(UInt32(littleEndian: size)))
        guard let text = String(validating: bytes, as: UTF8.self) else {
          throw ParquetError(
            "holds bytes that are no text (a picture, a sound?); leave the column out")
        }
        values.append(.string(text))
      }
    }
    return values
  }

  private static func numbers(
    _ cursor: inout ByteCursor, _ leaf: ParquetNode.Leaf, _ count: Int,
    _ values: inout [ParsedJSON]
  ) throws(ParquetError) {
    let size = leaf.type == 1 ? 4 : 8, bytes = try cursor.take(try product(count, size))
    for place in 0..<count {
      if size == 4 {
        let value = bytes.loadUnaligned(fromByteOffset: place * 4, as: Int32.self)
        values.append(.int(leaf.isUnsigned ? Int(UInt32(bitPattern: value)) : Int(value)))
        continue
      }
      let value = bytes.loadUnaligned(fromByteOffset: place * 8, as: Int64.self)
      guard !leaf.isUnsigned || value >= 0 else {
        throw ParquetError("holds a number above 2⁶³; leave the column out")
      }
      values.append(.int(Int(value)))
    }
  }

  private static func product(_ count: Int, _ size: Int) throws(ParquetError) -> Int {
    let (bytes, isTooLarge) = count.multipliedReportingOverflow(by: size)
    guard !isTooLarge else { throw .truncated }
    return bytes
  }
}
