import Formats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A TensorBoard event file (`events.out.tfevents.…`), one record per call.
public final class EventWriter {
  private let file: AppendedFile

  /// Makes a new event file in an existing folder. TensorBoard reads all files of a folder as one
  /// run; after `step`, the last one that a resumed run keeps, it forgets what older files say.
  public init(folder: String, keepingThrough step: Int? = nil) throws(FormatError) {
    let now = Self.now, number = String(Int(now))
    let padded = String(repeating: "0", count: max(0, 10 - number.count)) + number
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    let machine = String(
      decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let stem = "\(folder)/events.out.tfevents.\(padded).\(machine).\(getpid())"
    let free = (0...).first { access("\(stem).\($0)", F_OK) != 0 } ?? 0
    file = try AppendedFile(path: "\(stem).\(free)")
    var event = Self.event(wallTime: now, step: nil)
    event.bytes(3, Array("brain.Event:2".utf8))
    try file.append(Self.record(event.encoded))
    if let step, step > 0 {
      try file.append(Self.record(Self.sessionStart(wallTime: now, step: step + 1).encoded))
    }
  }

  /// Appends a scalar.
  public func scalar(_ tag: String, _ value: Double, step: Int) throws(FormatError) {
    var item = Message()
    item.bytes(1, Array(tag.utf8))
    item.fixed32(2, Float(value).bitPattern)
    try append(item, step: step)
  }

  /// Appends one value of a summary.
  func append(_ item: Message, step: Int) throws(FormatError) {
    var summary = Message()
    summary.bytes(1, item.encoded)
    var event = Self.event(wallTime: Self.now, step: step)
    event.bytes(5, summary.encoded)
    try file.append(Self.record(event.encoded))
  }

  /// Tells the reader to forget what older files say of `step` and after.
  static func sessionStart(wallTime: Double, step: Int) -> Message {
    var start = event(wallTime: wallTime, step: step), session = Message()
    session.varint(1, 1)
    start.bytes(7, session.encoded)
    return start
  }

  static func event(wallTime: Double, step: Int?) -> Message {
    var event = Message()
    event.fixed64(1, wallTime.bitPattern)
    if let step, step != 0 { event.varint(2, UInt64(step)) }
    return event
  }

  /// Length, its checksum, data, its checksum.
  static func record(_ data: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(data.count), 8)
    return length + littleEndian(UInt64(CRC32C.masked(length)), 4) + data
      + littleEndian(UInt64(CRC32C.masked(data)), 4)
  }

  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}

/// The few protocol-buffer field kinds that an event needs (protobuf encoding guide).
struct Message {
  private(set) var encoded: [UInt8] = []

  mutating func varint(_ field: Int, _ value: UInt64) {
    key(field, 0)
    raw(value)
  }

  mutating func fixed64(_ field: Int, _ bits: UInt64) {
    key(field, 1)
    encoded += littleEndian(bits, 8)
  }

  mutating func fixed32(_ field: Int, _ bits: UInt32) {
    key(field, 5)
    encoded += littleEndian(UInt64(bits), 4)
  }

  mutating func bytes(_ field: Int, _ value: [UInt8]) {
    key(field, 2)
    raw(UInt64(value.count))
    encoded += value
  }

  private mutating func key(_ field: Int, _ kind: UInt64) { raw(UInt64(field) << 3 | kind) }

  private mutating func raw(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      encoded.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    encoded.append(UInt8(rest))
  }
}

private func littleEndian(_ value: UInt64, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
}
