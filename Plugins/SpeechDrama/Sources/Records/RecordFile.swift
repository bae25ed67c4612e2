import FoundationEssentials
import TaskKit

/// Reads files of records: one JSON object a line (JSONL), or one JSON array of objects.
enum RecordFile {
  /// The records of all `paths`, one file after the other. `kind` overrides the records' own.
  static func read(_ paths: [String], kind: Kind? = nil) throws -> [Record] {
    try paths.flatMap { path in
      // Mapped: a large file is read line by line and never held twice.
      guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
      else { throw PluginError(.data, "\(path): no such file, or it cannot be read") }
      let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        .joined(separator: "/")
      var records: [Record] = []
      try eachValue(of: bytes, path) { value, place in
        records.append(try Record(value, place: place, folder: folder, kind: kind))
      }
      guard !records.isEmpty else { throw PluginError(.data, "\(path): the file has no record") }
      return records
    }
  }

  /// Gives `body` each value with its place: file and line, or file and element.
  private static func eachValue(
    of bytes: Data, _ path: String, _ body: (JSON, String) throws -> Void
  ) throws {
    if bytes.first(where: { !" \n\r\t".utf8.contains($0) }) == UInt8(ascii: "[") {
      guard let elements = try parse(bytes, path).array else { return }
      for (index, value) in elements.enumerated() {
        try body(value, "\(path), element \(index + 1)")
      }
      return
    }
    var start = bytes.startIndex, number = 0
    while start < bytes.endIndex {
      let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
      let line = bytes[start..<end]
      number += 1
      if line.contains(where: { !" \r\t".utf8.contains($0) }) {
        let place = "\(path):\(number)"
        try body(parse(line, place), place)
      }
      start = end < bytes.endIndex ? end + 1 : end
    }
  }

  private static func parse(_ bytes: Data, _ place: String) throws -> JSON {
    do {
      return try JSON(parsing: String(decoding: bytes, as: UTF8.self))
    } catch let error as PluginError {
      throw PluginError(.data, "\(place): \(error.message)")
    }
  }
}
