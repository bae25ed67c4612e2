import FoundationEssentials
import TaskKit

/// Reads files of rows: one JSON object a line (JSONL), or one JSON array of objects.
enum ConversationFile {
  /// The rows of all `paths`, one file after the other.
  static func read(_ paths: [String]) throws -> [ConversationRow] {
    try paths.flatMap { path in
      guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
        throw PluginError(.data, "\(path): no such file, or it cannot be read")
      }
      let rows = try rows(of: bytes, path)
      guard !rows.isEmpty else { throw PluginError(.data, "\(path): the file has no row") }
      return rows
    }
  }

  private static func rows(of bytes: Data, _ path: String) throws -> [ConversationRow] {
    let first = bytes.first { !" \n\r\t".utf8.contains($0) }
    if first == UInt8(ascii: "[") { return try array(bytes, path) }
    var rows: [ConversationRow] = []
    var number = 0
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      guard line.contains(where: { !" \r\t".utf8.contains($0) }) else { continue }
      let place = "\(path):\(number)"
      let value: JSON
      do {
        value = try JSONDecoder().decode(JSON.self, from: Data(line))
      } catch {
        throw PluginError(
          .data, "\(place): not valid JSON: \(String(decoding: line.prefix(60), as: UTF8.self))")
      }
      rows.append(try ConversationRow(value, place: place))
    }
    return rows
  }

  private static func array(_ bytes: Data, _ path: String) throws -> [ConversationRow] {
    let elements: [JSON]
    do {
      elements = try JSONDecoder().decode([JSON].self, from: bytes)
    } catch DecodingError.dataCorrupted(let context) {
      let reason = context.underlyingError.map { "\($0)" } ?? context.debugDescription
      throw PluginError(.data, "\(path): not a valid JSON array: \(reason)")
    }
    return try elements.enumerated().map { index, value in
      try ConversationRow(value, place: "\(path), element \(index + 1)")
    }
  }
}
