import TaskKit

/// A comma-separated file with a header, read by the names of its columns.
struct CSVTable {
  let source: any ByteSource
  /// The columns to read; the file may have others, in any order.
  let columns: [String]

  /// Lends each row: its record, and where in it each of `columns` stands.
  func forEachRow(
    host: HostServices, _ body: (_ row: Row) throws -> Void
  ) throws {
    var reader = CSVReader(name: source.name), places: [Int] = [], width = 0
    func take(_ record: CSVReader.Record) throws {
      if places.isEmpty {
        places = try self.places(record)
        width = record.count
        return
      }
      guard record.count == width else {
        throw PluginError(
          .data,
          "\(source.name), row \(record.number): \(record.count) fields, but the header has \(width); "
            + (record.count < width ? "is the row cut off?" : "quote fields that hold commas"))
      }
      try body(Row(record: record, places: places, table: self))
    }
    let label = "reading " + source.name.split(separator: "/").suffix(1).joined()
    var done = 0
    try source.forEachChunk { chunk in
      if host.isCancelled { throw PluginError(.cancelled, "cancelled") }
      done += chunk.count
      host.progress(label, done: done, of: source.count)
      try reader.feed(chunk, take)
    }
    try reader.finish(take)
    guard !places.isEmpty else {
      throw PluginError(
        .data,
        "\(source.name): the file is empty; it needs the header \(columns.joined(separator: ","))")
    }
  }

  private func places(_ header: CSVReader.Record) throws -> [Int] {
    if let first = header.count > 0 ? header[0] : nil,
      first.starts(with: [0xFF, 0xFE]) || first.starts(with: [0xFE, 0xFF])
    {
      throw PluginError(.data, "\(source.name): is UTF-16; write it as UTF-8")
    }
    let names = (0..<header.count).map { header.text($0) }
    return try columns.map { column in
      let found = names.indices.filter { names[$0] == column }
      guard let place = found.first, found.count == 1 else {
        throw PluginError(
          .data,
          "\(source.name), row 1: "
            + (found.isEmpty ? "no column '\(column)'" : "several columns '\(column)'")
            + "; the header is '\(names.joined(separator: ","))', it needs "
            + columns.map { "'\($0)'" }.joined(separator: ", "))
      }
      return place
    }
  }

  /// A row by its columns, lent.
  struct Row {
    let record: CSVReader.Record
    fileprivate let places: [Int], table: CSVTable

    /// The bytes of a column.
    subscript(column: Int) -> Slice<UnsafeBufferPointer<UInt8>> { record[places[column]] }

    /// A column as text.
    func text(_ column: Int) -> String { record.text(places[column]) }

    /// A column as text that must be UTF-8.
    func validText(_ column: Int) throws -> String {
      guard let text = String(validating: self[column], as: UTF8.self) else {
        throw fault("'\(table.columns[column])' is not UTF-8; convert the file")
      }
      return text
    }

    /// A column as a whole number.
    func integer(_ column: Int) throws -> Int {
      guard let value = Self.integer(self[column]) else {
        let text = text(column)
        throw fault(
          text.isEmpty
            ? "'\(table.columns[column])' is empty; fill it in or take the row out"
            : "'\(table.columns[column])' is '\(text)'; it must be a whole number of at most 18 digits"
        )
      }
      return value
    }

    /// Decimal digits, with a minus sign or without; nil for anything else.
    static func integer(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int? {
      let isNegative = bytes.first == UInt8(ascii: "-")
      let digits = bytes.dropFirst(isNegative ? 1 : 0)
      guard !digits.isEmpty, digits.count <= 18 else { return nil }
      var value = 0
      for byte in digits {
        let digit = Int(byte) - 48
        guard 0...9 ~= digit else { return nil }
        value = 10 * value + digit
      }
      return isNegative ? -value : value
    }

    /// An error that names the file and the row.
    func fault(_ message: String) -> PluginError {
      PluginError(.data, "\(table.source.name), row \(record.number): \(message)")
    }
  }
}
