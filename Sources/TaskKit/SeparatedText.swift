import FoundationEssentials

/// Rows of a text table (RFC 4180): the first line names the columns, a field in quotes may hold
/// separators, line breaks and doubled quotes. All values are texts; empty ones are left out.
struct SeparatedText {
  private let bytes: Data, separator: UInt8
  private var place: Data.Index
  private(set) var line = 1

  /// Whether a file of this name is such a table, and what separates its columns.
  static func separator(of path: String) -> UInt8? {
    let name = path.lowercased()
    let bare = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
    return bare.hasSuffix(".csv")
      ? UInt8(ascii: ",")
      : bare.hasSuffix(".tsv") ? UInt8(ascii: "\t") : nil
  }

  init(_ bytes: Data, separator: UInt8) {
    self.bytes = bytes
    self.separator = separator
    place = bytes.startIndex
  }

  /// Gives `take` each row with its line until it says that this is enough.
  static func forEachRow(
    _ bytes: Data, path: String, separator: UInt8, _ take: (RowFile.Row) throws -> Bool
  ) throws {
    var text = SeparatedText(bytes, separator: separator)
    guard let names = try text.record(path) else { return }
    var seen: Set<String> = []
    for name in names where !seen.insert(name).inserted {
      throw PluginError(.data, "\(path):1: the column '\(name)' stands twice")
    }
    while true {
      let line = text.line
      guard let fields = try text.record(path) else { return }
      if fields == [""] { continue }
      let row: Result<JSON, PluginError>
      if fields.count == names.count {
        var members: JSON.Members = [:]
        for (name, field) in zip(names, fields) where !field.isEmpty {
          members[name] = .string(field)
        }
        row = .success(.object(members))
      } else {
        row = .failure(
          PluginError(
            .data,
            "\(path):\(line): has \(fields.count) fields, and the first line names \(names.count) columns"
          ))
      }
      guard try take((row, "\(path):\(line)")) else { return }
    }
  }

  /// The fields of the next line; nil at the end.
  private mutating func record(_ path: String) throws -> [String]? {
    guard place < bytes.endIndex else { return nil }
    let start = line
    var fields: [String] = []
    while true {
      fields.append(try field(path, from: start))
      guard place < bytes.endIndex else { return fields }
      let end = bytes[place]
      place += 1
      if end == separator { continue }
      if end == UInt8(ascii: "\r"), place < bytes.endIndex, bytes[place] == UInt8(ascii: "\n") {
        place += 1
      }
      line += 1
      return fields
    }
  }

  private mutating func field(_ path: String, from start: Int) throws -> String {
    var text: [UInt8] = []
    let quote = UInt8(ascii: "\"")
    if place < bytes.endIndex, bytes[place] == quote {
      place += 1
      while true {
        guard place < bytes.endIndex else {
          throw PluginError(.data, "\(path):\(start): a field in quotes is never closed")
        }
        let byte = bytes[place]
        place += 1
        if byte == UInt8(ascii: "\n") { line += 1 }
        guard byte == quote else {
          text.append(byte)
          continue
        }
        guard place < bytes.endIndex, bytes[place] == quote else { break }
        text.append(quote)
        place += 1
      }
    }
    while place < bytes.endIndex, bytes[place] != separator, bytes[place] != UInt8(ascii: "\n"),
      bytes[place] != UInt8(ascii: "\r")
    {
      text.append(bytes[place])
      place += 1
    }
    guard let field = String(validating: text, as: UTF8.self) else {
      throw PluginError(.data, "\(path):\(start): is not UTF-8")
    }
    return field
  }
}
