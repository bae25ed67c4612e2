public import JSON
import Tensors

typealias ParsedJSON = JSONValue

/// The rows of a data file: Parquet, one JSON object a line, or one JSON array of objects.
public struct DataRows: Sendable {
  /// A row and its place: file and line, or file and number.
  public typealias Row = (value: JSONValue, place: String)

  /// Reads the files `paths`, one behind the other, `limit` rows at most.
  public static func read(_ paths: [String], limit: Int = .max) throws(FormatError) -> [Row] {
    var rows: [Row] = []
    for path in paths where rows.count < limit {
      rows += try read(path, limit: limit - rows.count)
    }
    return rows
  }

  /// Reads a file, `limit` rows at most.
  public static func read(_ path: String, limit: Int = .max) throws(FormatError) -> [Row] {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch {
      throw FormatError(.missing, path, "cannot be read: \(error.reason)")
    }
    let result: Result<[Row], FormatError> = file.withBytes(0..<file.count) { bytes in
      do throws(FormatError) {
        return .success(
          ParquetFile.isParquet(bytes)
            ? try parquet(bytes, path, limit) : try json(bytes, path, limit))
      } catch { return .failure(error) }
    }
    return try result.get()
  }

  private static func parquet(
    _ bytes: UnsafeRawBufferPointer, _ path: String, _ limit: Int
  ) throws(FormatError) -> [Row] {
    var rows: [Row] = []
    do {
      try ParquetFile(bytes).forEachRow { value in
        guard rows.count < limit else { return false }
        rows.append((value, "\(path), row \(rows.count + 1)"))
        return true
      }
    } catch let fault as ParquetError {
      throw FormatError(.malformed, path, fault.message)
    } catch {
      throw FormatError(.malformed, path, "\(error)")
    }
    return rows
  }

  private static func json(
    _ bytes: UnsafeRawBufferPointer, _ path: String, _ limit: Int
  ) throws(FormatError) -> [Row] {
    let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
    let first = text.first { !" \t\r\n".utf8.contains($0) }
    guard first != UInt8(ascii: "[") else {
      let list = try parsed(Array(text), path, line: 1).array ?? []
      return list.prefix(limit).enumerated().map { ($0.element, "\(path), row \($0.offset + 1)") }
    }
    var rows: [Row] = [], number = 0
    for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      guard rows.count < limit else { break }
      guard line.contains(where: { $0 > 0x20 }) else { continue }
      rows.append((try parsed(Array(line), path, line: number), "\(path):\(number)"))
    }
    return rows
  }

  private static func parsed(
    _ bytes: [UInt8], _ path: String, line: Int
  ) throws(FormatError) -> JSONValue {
    do throws(JSONError) { return try JSONValue(parsing: bytes) } catch {
      throw FormatError(
        .malformed, "\(path):\(line + error.line - 1)",
        "not JSON, column \(error.column): \(error.message)")
    }
  }
}
