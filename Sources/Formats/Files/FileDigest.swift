import JSON
import Tensors

/// A file's size and SHA-256.
public struct FileDigest: Sendable, Hashable {
  /// Size in bytes.
  public let size: Int
  /// SHA-256 as 64 hexadecimal digits.
  public let sha256: String

  /// Bytes of a file that are read at once.
  private static let part = 1 << 22

  /// What is known of a file that somebody else has read.
  public init(size: Int, sha256: String) {
    self.size = size
    self.sha256 = sha256
  }

  /// Reads and hashes the file at `path`.
  public init(ofFile path: String) throws(FormatError) {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch {
      throw FormatError(.missing, error.path, "cannot be read: \(error.reason)")
    }
    var running = RunningDigest()
    // A part at a time, so that a large file is never in memory as a whole.
    for first in stride(from: 0, to: file.count, by: Self.part) {
      let range = first..<min(first + Self.part, file.count)
      file.withBytes(range) { running.update($0) }
      file.release(range)
    }
    self = running.finish()
  }

  /// Hashes bytes in memory.
  public init(of bytes: [UInt8]) {
    size = bytes.count
    sha256 = bytes.withUnsafeBytes { SHA256.hash($0) }
  }

  /// Hashes bytes in memory.
  public init(of bytes: UnsafeRawBufferPointer) {
    var running = RunningDigest()
    running.update(bytes)
    self = running.finish()
  }

  /// `{"size", "sha256"}`
  public var json: JSONValue { ["size": .int(size), "sha256": .string(sha256)] }
}

/// SHA-256 of bytes that come piece by piece.
public struct RunningDigest: Sendable {
  private var digest = SHA256()
  private var size = 0

  /// Of no bytes yet.
  public init() {}

  /// Adds bytes.
  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    digest.update(bytes)
    size += bytes.count
  }

  /// What all bytes together have; nothing may be added afterwards.
  public func finish() -> FileDigest {
    FileDigest(size: size, sha256: digest.hexadecimal)
  }
}
