/// Why a Parquet file cannot be read: one sentence, without the file's name.
struct ParquetError: Error, Hashable {
  let message: String
  init(_ message: String) { self.message = message }

  static let truncated = ParquetError(
    "ends within its data; it is damaged, or was cut short while it was copied")
}

/// Bytes that are read one after the other, never beyond their end.
struct ByteCursor {
  let bytes: UnsafeRawBufferPointer
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var rest: Int { bytes.count - position }

  mutating func byte() throws(ParquetError) -> UInt8 {
    guard position < bytes.count else { throw .truncated }
    defer { position += 1 }
    return bytes[position]
  }

  mutating func take(_ count: Int) throws(ParquetError) -> UnsafeRawBufferPointer {
    guard count >= 0, count <= rest else { throw .truncated }
    defer { position += count }
    return UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])
  }

  /// A number of `count` bytes, the lowest first.
  mutating func littleEndian(_ count: Int) throws(ParquetError) -> UInt64 {
    try take(count).enumerated().reduce(0) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) }
  }

  /// A number in groups of seven bits, the lowest first.
  mutating func varint() throws(ParquetError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      let byte = try byte()
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return value }
    }
    throw ParquetError("holds a number of more than 64 bits; it is damaged")
  }
}
