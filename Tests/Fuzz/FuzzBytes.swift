/// Values out of the fuzzer's bytes; zeros behind their end.
struct FuzzBytes {
  private var rest: Slice<UnsafeBufferPointer<UInt8>>

  init(_ bytes: UnsafeBufferPointer<UInt8>) { rest = bytes[...] }

  /// The next `count` bytes, or as many as there are.
  mutating func take(_ count: Int) -> [UInt8] {
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }

  /// All bytes that are left.
  mutating func takeAll() -> [UInt8] { take(rest.count) }

  /// The next integer, little-endian.
  mutating func integer<Value: FixedWidthInteger>(_: Value.Type = Value.self) -> Value {
    take(MemoryLayout<Value>.size).reversed().reduce(0) { $0 << 8 | Value(truncatingIfNeeded: $1) }
  }
}
