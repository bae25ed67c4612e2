import FoundationEssentials

typealias ParsedJSON = JSON

/// Why a text is not JSON, and where; line and column are counted from 1, the column in bytes.
struct JSONError: Error {
  let message: String
  let line: Int, column: Int
}

extension JSON {
  /// Parses a document. A key that stands twice, half of a surrogate pair and whatever else would be
  /// read as something else than it says is an error.
  public init(parsing text: String) throws { try self.init(parsing: Data(text.utf8)) }

  /// Parses a document of UTF-8 bytes.
  public init(parsing bytes: Data) throws {
    do {
      self = try Self.parsed(bytes)
    } catch {
      throw PluginError(
        .data, "not valid JSON: line \(error.line), column \(error.column): \(error.message)")
    }
  }

  /// Parses the document in a file: UTF-8, or UTF-16 with its byte-order mark.
  public init(contentsOf path: String) throws {
    guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
      throw PluginError(.data, "\(path): no such file, or it cannot be read")
    }
    let text = try RowFile.utf8(bytes, path)
    do { self = try JSON(parsing: text) } catch let error as PluginError {
      throw PluginError(error.kind, "\(path): \(error.message)")
    }
  }

  static func parsed(_ bytes: Data) throws(JSONError) -> JSON {
    let result = bytes.withUnsafeBytes { raw in
      raw.withMemoryRebound(to: UInt8.self) { bytes -> Result<JSON, JSONError> in
        var parser = JSONParser(bytes: bytes)
        do throws(JSONError) { return .success(try parser.document()) } catch {
          return .failure(error)
        }
      }
    }
    return try result.get()
  }
}
