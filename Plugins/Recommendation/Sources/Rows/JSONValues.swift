import FoundationEssentials
import TaskKit

/// The values of a file of rows: the elements of one JSON array, or one value after the other
/// (JSONL). They are cut apart before they are parsed, so that only one is in memory at a time.
struct JSONValues {
  private let path: String
  private let bytes: Data

  /// Opens a file, mapped.
  init(_ path: String) throws {
    self.path = path
    guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    else { throw PluginError(.data, "\(path): no such file, or it cannot be read") }
    self.bytes = bytes
  }

  /// Parses each value, or the first `limit`; `place` names its file and line, or its file and element.
  func forEach(
    limit: Int = .max, _ body: (_ value: JSON, _ place: String) throws -> Void
  ) throws {
    var cutter = JSONCutter(bytes)
    var number = 0
    while number < limit, let range = try cutter.next(path) {
      number += 1
      let place =
        cutter.isArray ? "\(path), element \(number)" : "\(path):\(cutter.line(of: range))"
      let value: JSON
      do {
        value = try JSONDecoder().decode(JSON.self, from: bytes.subdata(in: range))
      } catch {
        let start = String(decoding: bytes[range].prefix(60), as: UTF8.self)
        throw PluginError(.data, "\(place): not valid JSON: \(start)")
      }
      try body(value, place)
    }
    guard number > 0 else { throw PluginError(.data, "\(path): the file has no row") }
  }
}

/// Finds where values begin and end, by brackets and quotes alone.
private struct JSONCutter {
  private let bytes: Data
  private var place: Int
  private var lines = 1, counted: Int
  private(set) var isArray = false

  init(_ bytes: Data) {
    self.bytes = bytes
    place = bytes.startIndex
    counted = bytes.startIndex
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { place += 3 }  // a byte-order mark
    skipBlanks()
    if place < bytes.endIndex, bytes[place] == UInt8(ascii: "[") {
      isArray = true
      place += 1
    }
  }

  /// The number of the line in which a value begins.
  mutating func line(of range: Range<Int>) -> Int {
    lines += bytes[counted..<range.lowerBound].count { $0 == UInt8(ascii: "\n") }
    counted = range.lowerBound
    return lines
  }

  /// The next value; nil at the end.
  mutating func next(_ path: String) throws -> Range<Int>? {
    skipBlanks()
    if isArray {
      if place < bytes.endIndex, bytes[place] == UInt8(ascii: ",") {
        place += 1
        skipBlanks()
      }
      guard place < bytes.endIndex else {
        throw PluginError(.data, "\(path): the array is never closed; was the file cut off?")
      }
      if bytes[place] == UInt8(ascii: "]") {
        place += 1
        skipBlanks()
        guard place == bytes.endIndex else {
          throw PluginError(.data, "\(path): text follows the array's end; one array a file")
        }
        return nil
      }
    }
    guard place < bytes.endIndex else { return nil }
    let start = place
    skipValue()
    return start..<place
  }

  private mutating func skipBlanks() {
    while place < bytes.endIndex, Self.blanks.contains(bytes[place]) { place += 1 }
  }

  private mutating func skipValue() {
    var depth = 0, isText = false
    bytes.withUnsafeBytes { all in
      let first = bytes.startIndex
      while place - first < all.count {
        let byte = all[place - first]
        if isText {
          if byte == UInt8(ascii: "\\") { place += 1 }
          if byte == UInt8(ascii: "\"") { isText = false }
        } else {
          switch byte {
          case UInt8(ascii: "\""): isText = true
          case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
          case UInt8(ascii: "}"), UInt8(ascii: "]"):
            if depth == 0 { return }
            depth -= 1
            if depth == 0 {
              place += 1
              return
            }
          case UInt8(ascii: ","), UInt8(ascii: "\n"):
            if depth == 0 { return }
          default: break
          }
        }
        place += 1
      }
    }
    place = min(place, bytes.endIndex)
  }

  private static let blanks = Set(" \t\r\n".utf8)
}
