import Crypto
import JSON
import Tensors

/// A file's size and SHA-256.
public struct FileDigest: Sendable, Hashable {
  /// Size in bytes.
  public let size: Int
  /// SHA-256 as 64 hexadecimal digits.
  public let sha256: String

  init(size: Int, sha256: String) {
    self.size = size
    self.sha256 = sha256
  }

  /// Reads and hashes the file at `path`.
  public init(ofFile path: String) throws(FormatError) {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch {
      throw FormatError(.missing, error.path, "cannot be read: \(error.reason)")
    }
    size = file.count
    sha256 = file.withBytes(0..<file.count) { bytes in
      var digest = SHA256()
      digest.update(bufferPointer: bytes)
      return hexadecimal(digest.finalize())
    }
  }

  /// Hashes bytes in memory.
  public init(of bytes: [UInt8]) {
    size = bytes.count
    sha256 = hexadecimal(SHA256.hash(data: bytes))
  }

  /// `{"size", "sha256"}`
  public var json: JSONValue { ["size": .int(size), "sha256": .string(sha256)] }
}

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  for byte in bytes {
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return String(decoding: text, as: UTF8.self)
}
