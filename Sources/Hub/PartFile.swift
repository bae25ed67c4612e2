import Formats
import Glibc

/// A file of which a part has come: kept under a name of its own until all of it has, and is what it
/// should be. What a killed program leaves is gone on with.
final class PartFile {
  /// Bytes that are here.
  private(set) var count = 0
  private let file: HubFile, path: String, descriptor: Int32
  private var hash: ContentHash

  /// Opens the part of `file` at `path`, and hashes what is there.
  init(_ file: HubFile, at path: String) throws {
    self.file = file
    self.path = path
    hash = ContentHash(of: file)
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw HubError.disk(path) }
    try readBack()
  }

  deinit { close(descriptor) }

  private func readBack() throws {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw HubError.disk(path) }
    guard Int(status.st_size) <= file.size else { return try startOver() }
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let got = pread(descriptor, &piece, piece.count, off_t(count))
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw HubError.disk(path) }
      if got == 0 { return }
      piece.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<got])) }
      count += got
    }
  }

  /// Forgets what is here.
  func startOver() throws {
    guard ftruncate(descriptor, 0) == 0 else { throw HubError.disk(path) }
    count = 0
    hash = ContentHash(of: file)
  }

  /// Adds bytes that have come.
  func append(_ bytes: UnsafeRawBufferPointer) throws {
    guard count + bytes.count <= file.size else {
      throw Obstacle("\(file.path) comes longer than the \(file.size) bytes that are announced")
    }
    var bytes = bytes
    while !bytes.isEmpty {
      let written = pwrite(descriptor, bytes.baseAddress, bytes.count, off_t(count))
      if written < 0, errno == EINTR { continue }
      guard written > 0 else { throw HubError.disk(path) }
      let piece = UnsafeRawBufferPointer(rebasing: bytes[..<written])
      hash.update(piece)
      count += written
      bytes = UnsafeRawBufferPointer(rebasing: bytes[written...])
    }
  }

  /// Whether all bytes are here.
  var isComplete: Bool { count == file.size }

  /// What the bytes that are here have; the file's own hash where they are the right ones.
  var digest: String { hash.hexadecimal }

  /// Gives the file its name.
  func takeName(_ target: String) throws {
    guard fsync(descriptor) == 0, rename(path, target) == 0 else { throw HubError.disk(target) }
  }
}

extension HubError {
  /// What `errno` says of an attempt to write `path`.
  static func disk(_ path: String) -> HubError {
    HubError(.failed, "\(path) cannot be written: \(String(cString: strerror(errno)))")
  }
}
