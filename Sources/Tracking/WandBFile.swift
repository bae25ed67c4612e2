import Formats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The file that `wandb sync` takes: records in chunks of LevelDB's log, each written whole by one call, so
/// that a crash loses none but perhaps the last.
struct WandBFile {
  private static let header = Array(":W&B".utf8) + [0xE1, 0xBE, 0]
  private static let block = 32768

  private let file: AppendedFile
  private var length: Int
  /// The number of the next record.
  private var number: UInt64

  /// The kinds of records that are told apart when a file is read again.
  private static let exitField: UInt64 = 18

  /// Goes on with the file at `path`, or begins it: what comes after its last whole record is cut off, and
  /// a record of the run's end with it, behind which nothing would be read. `found` hears each record
  /// that stays, as field and content.
  init(path: String, found: (UInt64, [UInt8]) -> Void = { _, _ in }) throws(FormatError) {
    (number, length) = (0, 0)
    if FileSystem.exists(path) {
      let bytes = try readFile(path)
      var end = 0, count: UInt64 = 0
      if bytes.starts(with: Self.header) {
        end = Self.header.count
        Self.forEachRecord(bytes) { record, place in
          guard let (field, content) = Message.fields(of: record).last, field != Self.exitField
          else { return false }
          found(field, content)
          count += 1
          end = place
          return true
        }
      }
      number = count
      guard truncate(path, end) == 0 else { throw .cannotWrite(path) }
      length = end
    }
    file = try AppendedFile(path: path)
    if length == 0 {
      try file.append(Self.header)
      length = Self.header.count
    }
  }

  /// Appends a record: `field` of Record holds `content`.
  mutating func append(_ field: Int, _ content: Message) throws(FormatError) {
    var record = Message()
    number += 1
    record.varint(1, number)
    record.bytes(field, content.encoded)
    let chunks = Self.chunks(record.encoded, at: length)
    try file.append(chunks)
    length += chunks.count
  }

  /// A record cut into chunks where blocks of the file end.
  static func chunks(_ data: [UInt8], at length: Int) -> [UInt8] {
    var output: [UInt8] = [], rest = data[...], isFirst = true
    repeat {
      var room = block - (length + output.count) % block
      if room < 7 {
        output += [UInt8](repeating: 0, count: room)
        room = block
      }
      let part = rest.prefix(room - 7)
      rest = rest.dropFirst(part.count)
      let kind: UInt8 = rest.isEmpty ? (isFirst ? 1 : 4) : (isFirst ? 2 : 3)
      let crc = CRC32.checksum([kind] + part)
      output += (0..<4).map { UInt8(truncatingIfNeeded: crc >> (8 * $0)) }
      output += [UInt8(part.count & 255), UInt8(part.count >> 8), kind] + part
      isFirst = false
    } while !rest.isEmpty
    return output
  }

  /// Gives `body` each whole record and where it ends, until it says false or one is damaged.
  static func forEachRecord(_ bytes: [UInt8], _ body: ([UInt8], Int) -> Bool) {
    var place = header.count, record: [UInt8] = []
    while place < bytes.count {
      let room = block - place % block
      if room < 7 {
        place += room
        continue
      }
      guard place + 7 <= bytes.count else { return }
      let crc = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) }
      let size = Int(bytes[place + 4]) | Int(bytes[place + 5]) << 8, kind = bytes[place + 6]
      let end = place + 7 + size
      guard size <= room - 7, end <= bytes.count, 1...4 ~= kind,
        CRC32.checksum(bytes[(place + 6)..<end]) == crc
      else { return }
      if kind == 1 || kind == 2 { record = [] }
      record += bytes[(place + 7)..<end]
      place = end
      if kind == 1 || kind == 4 {
        guard body(record, end) else { return }
      }
    }
  }
}

/// The checksum of zlib and PNG (ISO 3309).
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in
      value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1
    }
  }

  static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~0) { crc, byte in crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] }
  }
}

extension Message {
  /// The fields with content of a message, in order, up to where it is damaged.
  static func fields(of bytes: [UInt8]) -> [(field: UInt64, content: [UInt8])] {
    var fields: [(UInt64, [UInt8])] = [], place = 0
    while let (key, start) = number(bytes, place) {
      guard let (value, next) = number(bytes, start), key & 7 == 0 || key & 7 == 2 else { break }
      place = next
      guard key & 7 == 2 else { continue }
      guard value <= UInt64(bytes.count - next) else { break }
      place += Int(value)
      fields.append((key >> 3, Array(bytes[next..<place])))
    }
    return fields
  }

  private static func number(_ bytes: [UInt8], _ start: Int) -> (UInt64, Int)? {
    var value: UInt64 = 0, place = start
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard place < bytes.count else { return nil }
      value |= UInt64(bytes[place] & 0x7F) << shift
      place += 1
      if bytes[place - 1] & 0x80 == 0 { return (value, place) }
    }
    return nil
  }
}
