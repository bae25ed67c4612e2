/// Appends values to a message: integers little-endian, texts and lists behind their length.
struct WireWriter {
  private(set) var bytes: [UInt8] = []

  mutating func write(_ value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func write(_ value: Double) { write(value.bitPattern) }

  mutating func write(_ text: String) {
    write(UInt32(text.utf8.count))
    bytes.append(contentsOf: text.utf8)
  }

  mutating func write(_ block: [UInt8]) {
    write(UInt32(block.count))
    bytes += block
  }

  /// In one piece: processors that the host knows hold numbers as the wire does.
  mutating func write(_ values: [Float]) {
    write(UInt32(values.count))
    values.withUnsafeBytes { bytes.append(contentsOf: $0) }
  }

  mutating func write(_ values: [Int32]) {
    write(values, as: \.self)
  }

  mutating func write<Element>(_ list: [Element], each: (inout WireWriter, Element) -> Void) {
    write(UInt32(list.count))
    for element in list { each(&self, element) }
  }

  private mutating func write<Value, Bits: FixedWidthInteger>(
    _ values: [Value], as bits: KeyPath<Value, Bits>
  ) {
    write(UInt32(values.count))
    for value in values { write(value[keyPath: bits]) }
  }
}

/// Reads what a `WireWriter` wrote; a message that ends too early is a fault.
struct WireReader {
  /// The message is not what this program writes.
  struct Fault: Error {}

  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func integer<Value: FixedWidthInteger>(_: Value.Type = Value.self) throws(Fault)
    -> Value
  {
    let size = MemoryLayout<Value>.size
    let range = try take(size)
    return Value(
      littleEndian: bytes.withUnsafeBytes {
        $0.loadUnaligned(fromByteOffset: range.lowerBound, as: Value.self)
      })
  }

  mutating func double() throws(Fault) -> Double { Double(bitPattern: try integer()) }

  mutating func text() throws(Fault) -> String {
    String(decoding: bytes[try take(count())], as: UTF8.self)
  }

  mutating func block() throws(Fault) -> [UInt8] { Array(bytes[try take(count())]) }

  mutating func floats() throws(Fault) -> [Float] {
    let count = try count(), range = try take(4 * count)
    return [Float](unsafeUninitializedCapacity: count) { values, done in
      bytes.withUnsafeBytes {
        UnsafeMutableRawBufferPointer(values).copyMemory(from: .init(rebasing: $0[range]))
      }
      done = count
    }
  }

  mutating func integers() throws(Fault) -> [Int32] {
    try list { reader throws(Fault) in try reader.integer() }
  }

  mutating func texts() throws(Fault) -> [String] {
    try list { reader throws(Fault) in try reader.text() }
  }

  mutating func list<Element>(
    _ element: (inout WireReader) throws(Fault) -> Element
  ) throws(Fault) -> [Element] {
    let count = try count()
    guard count <= bytes.count - position else { throw Fault() }
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for _ in 0..<count { elements.append(try element(&self)) }
    return elements
  }

  private mutating func count() throws(Fault) -> Int { Int(try integer(UInt32.self)) }

  private mutating func take(_ size: Int) throws(Fault) -> Range<Int> {
    guard size <= bytes.count - position else { throw Fault() }
    defer { position += size }
    return position..<position + size
  }
}
