import Formats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that only grows, one whole record per system call: after a crash at any moment it holds
/// every record but perhaps the last.
final class AppendedFile {
  let path: String
  private let descriptor: Int32

  init(path: String) throws(FormatError) {
    self.path = path
    // A pipe would be waited for.
    let place = try DurableFile.place(of: path)
    descriptor = open(place, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .cannotWrite(path) }
  }

  deinit { close(descriptor) }

  func append(_ bytes: [UInt8]) throws(FormatError) {
    guard write(descriptor, bytes, bytes.count) == bytes.count else { throw .cannotWrite(path) }
  }

  /// The file's text; nil when there is none.
  static func read(_ path: String) -> String? {
    guard let file = fopen(path, "rb") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = [], chunk = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&chunk, 1, chunk.count, file), count > 0 {
      bytes += chunk[..<count]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
