import TaskKit

/// Reads comma-separated values (RFC 4180: quotes, doubled quotes, line breaks inside quotes, LF or
/// CRLF), fed in chunks of any size. Blank lines and a byte-order mark are skipped.
struct CSVReader {
  /// A record, lent.
  struct Record {
    /// The record's number in its file; the header is 1.
    let number: Int
    fileprivate let bytes: UnsafeBufferPointer<UInt8>, ends: UnsafeBufferPointer<Int>

    /// The number of fields.
    var count: Int { ends.count }

    /// The bytes of a field.
    subscript(field: Int) -> Slice<UnsafeBufferPointer<UInt8>> {
      bytes[(field == 0 ? 0 : ends[field - 1])..<ends[field]]
    }

    /// A field as text; invalid UTF-8 becomes U+FFFD.
    func text(_ field: Int) -> String { String(decoding: self[field], as: UTF8.self) }
  }

  private enum State { case field, plain, quoted, closed, carriageReturn }

  private let name: String
  private var state = State.field
  private var bytes: [UInt8] = [], ends: [Int] = []
  private var number = 1

  /// A reader of the file that errors call `name`.
  init(name: String) { self.name = name }

  /// Reads on; `body` gets each record that ends in `chunk`.
  mutating func feed(_ chunk: UnsafeRawBufferPointer, _ body: (Record) throws -> Void) throws {
    var place = chunk.startIndex
    while place < chunk.endIndex {
      if state == .plain || state == .quoted {
        let start = place
        place = end(of: chunk, from: place)
        bytes.append(contentsOf: chunk[start..<place])
        guard place < chunk.endIndex else { return }
      }
      try step(chunk[place], body)
      place += 1
    }
  }

  /// Ends the last record, which may lack its line break.
  mutating func finish(_ body: (Record) throws -> Void) throws {
    guard state != .quoted else { throw fault("a quote is opened and never closed; close it") }
    if state != .field || !ends.isEmpty || !bytes.isEmpty { try endRecord(body) }
  }

  /// Where the run of ordinary bytes from `place` on ends.
  private func end(of chunk: UnsafeRawBufferPointer, from place: Int) -> Int {
    var place = place
    if state == .quoted {
      while place < chunk.endIndex, chunk[place] != Self.quote { place += 1 }
      return place
    }
    while place < chunk.endIndex {
      let byte = chunk[place]
      if byte == Self.comma || byte == Self.lineFeed || byte == Self.return || byte == Self.quote {
        break
      }
      place += 1
    }
    return place
  }

  private mutating func step(_ byte: UInt8, _ body: (Record) throws -> Void) throws {
    switch (state, byte) {
    case (.quoted, Self.quote): state = .closed
    case (.closed, Self.quote):
      bytes.append(byte)
      state = .quoted
    case (.field, Self.quote): state = .quoted
    case (.carriageReturn, Self.lineFeed), (.field, Self.lineFeed), (.plain, Self.lineFeed),
      (.closed, Self.lineFeed):
      try endRecord(body)
    case (.carriageReturn, _): throw fault("a carriage return without a line feed; use LF or CRLF")
    case (.field, Self.comma), (.plain, Self.comma), (.closed, Self.comma):
      ends.append(bytes.count)
      state = .field
    case (.field, Self.return), (.plain, Self.return), (.closed, Self.return):
      state = .carriageReturn
    case (.closed, _):
      throw fault("text follows a closing quote; double quotes inside a quoted field")
    case (.plain, Self.quote) where number == 1 && ends.isEmpty && bytes == Self.byteOrderMark:
      // The first field is quoted: the mark stands before the quote.
      bytes.removeAll()
      state = .quoted
    case (.plain, Self.quote):
      throw fault("a quote stands inside a field without quotes; quote the field and double it")
    default:
      bytes.append(byte)
      state = .plain
    }
  }

  private mutating func endRecord(_ body: (Record) throws -> Void) throws {
    ends.append(bytes.count)
    if number == 1, ends[0] >= 3, bytes.starts(with: Self.byteOrderMark) {
      bytes.removeFirst(3)
      for index in ends.indices { ends[index] -= 3 }
    }
    if ends.count > 1 || ends[0] > 0 {
      try bytes.withUnsafeBufferPointer { bytes in
        try ends.withUnsafeBufferPointer { ends in
          try body(Record(number: number, bytes: bytes, ends: ends))
        }
      }
    }
    number += 1
    bytes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    state = .field
  }

  private func fault(_ message: String) -> PluginError {
    PluginError(.data, "\(name), row \(number): \(message)")
  }

  private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
  private static let comma = UInt8(ascii: ","), quote = UInt8(ascii: "\"")
  private static let lineFeed = UInt8(ascii: "\n"), `return` = UInt8(ascii: "\r")
}
