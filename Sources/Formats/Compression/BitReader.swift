/// Bits of a deflated stream, lowest first.
final class BitReader {
  /// Fills the buffer with the next bytes; none at the end.
  typealias Refill = (UnsafeMutableRawBufferPointer) throws -> Int

  private let refill: Refill
  private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 16, alignment: 16)
  private var position = 0, end = 0
  private var bits: UInt64 = 0, count = 0

  init(_ refill: @escaping Refill) { self.refill = refill }

  deinit { buffer.deallocate() }

  /// Has at least 32 bits ready, fewer only at the end of the stream.
  private func fill() throws {
    while count < 32 {
      if position == end {
        (position, end) = (0, try refill(buffer))
        if end == 0 { return }
      }
      bits |= UInt64(buffer[position]) << UInt64(count)
      position += 1
      count += 8
    }
  }

  /// The next `size` bits as a number, at most 16.
  func take(_ size: Int) throws -> Int {
    if count < size { try fill() }
    guard count >= size else { throw InflateFault.truncated }
    let value = Int(bits & (1 << UInt64(size) - 1))
    bits >>= UInt64(size)
    count -= size
    return value
  }

  /// The next symbol of a code.
  func symbol(_ table: HuffmanTable) throws -> Int {
    if count < 15 { try fill() }
    let entry = table.entries[Int(bits & (1 << UInt64(table.bits) - 1))]
    let length = Int(entry & 15)
    guard entry != 0 else { throw count == 0 ? InflateFault.truncated : InflateFault.badCode }
    guard count >= length else { throw InflateFault.truncated }
    bits >>= UInt64(length)
    count -= length
    return Int(entry >> 4)
  }

  /// Bytes that were fetched and not used, once what is left of a byte is dropped.
  var unread: Int { end - position + count / 8 }

  /// Drops what is left of a byte that was begun.
  func alignToByte() {
    bits >>= UInt64(count & 7)
    count &= ~7
  }
}
