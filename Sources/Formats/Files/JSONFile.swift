import JSON
import Tensors

/// The bytes of a small file; errors name it.
public func readFile(_ path: String) throws(FormatError) -> [UInt8] {
  do {
    let file = try MappedFile(path: path)
    return file.withBytes(0..<file.count) { Array($0) }
  } catch {
    throw FormatError(.missing, error.path, "cannot be read: \(error.reason)")
  }
}

extension JSONValue {
  /// Parses the JSON file at `path`; a fault is named with its line.
  public init(readingFile path: String) throws(FormatError) {
    let bytes = try readFile(path)
    do { self = try JSONValue(parsing: bytes) } catch {
      if bytes.starts(with: LFSPointer.mark.utf8) {
        throw FormatError(.malformed, path, LFSPointer.sentence)
      }
      throw FormatError(
        .malformed, "\(path):\(error.line)", "not JSON, column \(error.column): \(error.message)")
    }
  }
}

extension FileSystem {
  /// The text of a file, which must be UTF-8.
  public static func text(of path: String) throws(FormatError) -> String {
    guard let text = String(validating: try readFile(path), as: UTF8.self) else {
      throw FormatError(.malformed, path, "is not UTF-8 text")
    }
    return text
  }
}
