import FoundationEssentials

/// A file of rows: one JSON value a line (JSON Lines), or one JSON array of them; values that are laid
/// out over several lines may follow one another too. UTF-8, or UTF-16 with its byte-order mark. Or a
/// Parquet file, whose rows are objects of its columns, or a table of separated texts (CSV, TSV). Each may
/// be packed by gzip, and is then held unpacked.
public struct RowFile {
  /// A value, or why it is none, with its place: file and line, file and element, or file and row.
  public typealias Row = (value: Result<JSON, PluginError>, place: String)

  /// The file's path.
  public let path: String
  private let bytes: Data

  /// Opens a file, mapped: a large one is never held as a whole.
  public init(_ path: String) throws {
    self.path = path
    var isFolder = false
    _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
    guard !isFolder else {
      throw PluginError(.data, "\(path): is a folder; name the files in it")
    }
    guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    else { throw PluginError(.data, "\(path): no such file, or it cannot be read") }
    let isPacked = bytes.starts(with: [0x1F, 0x8B])
    let plain = isPacked ? try Gzip.unpacked(bytes, path: path) : bytes
    if let kind = Self.packed.first(where: { plain.starts(with: $0.mark) })?.kind {
      throw PluginError(
        .data, "\(path): is \(kind); JSON text, CSV and Parquet are read, so unpack it first")
    }
    self.bytes = try Self.utf8(plain, path)
  }

  /// What other files begin with.
  private static let packed: [(mark: [UInt8], kind: String)] = [
    ([0x28, 0xB5, 0x2F, 0xFD], "compressed (zstd)"),
    (Array("PK\u{3}\u{4}".utf8), "an archive (ZIP)"), (Array("ARROW1".utf8), "an Arrow file"),
  ]

  /// The text as UTF-8, without its byte-order mark.
  static func utf8(_ bytes: Data, _ path: String) throws -> Data {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return bytes.dropFirst(3) }
    let isLittle = bytes.starts(with: [0xFF, 0xFE])
    guard isLittle || bytes.starts(with: [0xFE, 0xFF]) else { return bytes }
    let body = Array(bytes.dropFirst(2))
    let units = stride(from: 0, to: body.count - 1, by: 2).map { place -> UInt16 in
      let (first, second) = (UInt16(body[place]), UInt16(body[place + 1]))
      return isLittle ? second << 8 | first : first << 8 | second
    }
    guard body.count.isMultiple(of: 2), let text = String(validating: units, as: UTF16.self) else {
      throw PluginError(.data, "\(path): begins as UTF-16 does, but is not; write it as UTF-8")
    }
    return Data(text.utf8)
  }

  /// Gives `body` each value with its place, `limit` of them at most. A value that is no JSON ends it.
  public func forEach(
    limit: Int = .max, _ body: (_ value: JSON, _ place: String) throws -> Void
  ) throws {
    try forEachRow(limit: limit) { row in try body(row.value.get(), row.place) }
  }

  /// Gives `body` each row, `limit` of them at most. After a line that is no JSON comes the next line;
  /// nothing can follow in a value that is laid out over several.
  public func forEachRow(limit: Int = .max, _ body: (Row) throws -> Void) throws {
    var count = 0
    func take(_ row: Row) throws -> Bool {
      guard count < limit else { return false }
      count += 1
      try body(row)
      return count < limit
    }
    switch layout {
    case .parquet: try eachRow(take)
    case .separated(let separator):
      try SeparatedText.forEachRow(bytes, path: path, separator: separator, take)
    case .array, .values: try eachValue(isArray: layout == .array, take)
    case .lines: try eachLine(take)
    }
    guard count > 0 else { throw PluginError(.data, "\(path): the file has no row") }
  }

  private enum Layout: Equatable { case lines, array, values, parquet, separated(UInt8) }

  /// Lines, where the first one that is not blank is a whole value.
  private var layout: Layout {
    if ParquetFile.isParquet(bytes) { return .parquet }
    if let separator = SeparatedText.separator(of: path) { return .separated(separator) }
    guard let start = bytes.firstIndex(where: { !Self.blanks.contains($0) }) else { return .lines }
    if bytes[start] == UInt8(ascii: "[") { return .array }
    let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
    let hasMore = bytes[end...].contains { !Self.blanks.contains($0) }
    guard hasMore else { return .lines }
    return (try? JSON.parsed(bytes[start..<end])) == nil ? .values : .lines
  }

  private static let blanks = Array(" \t\r\n".utf8)

  private func eachRow(_ take: (Row) throws -> Bool) throws {
    try bytes.withUnsafeBytes { bytes in
      var number = 0
      do {
        try ParquetFile(bytes).forEachRow { value in
          number += 1
          return try take((.success(value), "\(path), row \(number)"))
        }
      } catch let fault as ParquetError {
        throw PluginError(.data, "\(path): \(fault.message)")
      }
    }
  }

  private func eachLine(_ take: (Row) throws -> Bool) throws {
    var start = bytes.startIndex, number = 0
    while start < bytes.endIndex {
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
      let line = bytes[start..<end]
      number += 1
      start = end < bytes.endIndex ? end + 1 : end
      guard line.contains(where: { !Self.blanks.contains($0) }) else { continue }
      let place = "\(path):\(number)"
      let value: Result<JSON, PluginError>
      do throws(JSONError) { value = .success(try JSON.parsed(line)) } catch {
        value = .failure(Self.fault(error, place))
      }
      guard try take((value, place)) else { return }
    }
  }

  private static func fault(_ error: JSONError, _ place: String) -> PluginError {
    PluginError(.data, "\(place): not valid JSON, column \(error.column): \(error.message)")
  }

  /// Values one behind the other, the elements of an array or not, without ever holding all of them.
  private func eachValue(isArray: Bool, _ take: (Row) throws -> Bool) throws {
    try bytes.withUnsafeBytes { raw in
      try raw.withMemoryRebound(to: UInt8.self) { bytes in
        var cursor = ValueCursor(bytes: bytes, isArray: isArray)
        while true {
          let number = cursor.number + 1
          let row: Row
          do throws(JSONError) {
            guard let (value, line) = try cursor.next() else { return }
            row = (.success(value), isArray ? "\(path), element \(number)" : "\(path):\(line)")
          } catch {
            let place = "\(path):\(error.line)"
            _ = try take((.failure(Self.fault(error, place)), place))
            return
          }
          guard try take(row) else { return }
        }
      }
    }
  }
}

/// Where reading stands among values that follow one another.
private struct ValueCursor {
  private var parser: JSONParser
  private let isArray: Bool
  private(set) var number = 0
  private var line = 1, counted = 0

  init(bytes: UnsafeBufferPointer<UInt8>, isArray: Bool) {
    parser = JSONParser(bytes: bytes)
    self.isArray = isArray
  }

  /// The next value and the line in which it begins; nil at the end.
  mutating func next() throws(JSONError) -> (JSON, line: Int)? {
    parser.skipSpace()
    if isArray {
      if number == 0 {
        _ = parser.take(UInt8(ascii: "["))
        parser.skipSpace()
      }
      if parser.take(UInt8(ascii: "]")) {
        parser.skipSpace()
        guard parser.position == parser.bytes.count else {
          throw parser.fault("text after the array's end; one array a file")
        }
        return nil
      }
      guard parser.position < parser.bytes.count else {
        throw parser.fault("the array is never closed; was the file cut off?")
      }
    } else if parser.position == parser.bytes.count {
      return nil
    }
    let start = parser.position
    let value = try parser.value()
    parser.skipSpace()
    if isArray, parser.position < parser.bytes.count {
      try parser.endItem(before: UInt8(ascii: "]"), "expected ',' or ']' in an array")
    }
    number += 1
    line += parser.bytes[counted..<start].count { $0 == UInt8(ascii: "\n") }
    counted = start
    return (value, line)
  }
}
