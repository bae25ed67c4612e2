import TaskKit

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Bytes that come one after the other, never all at once.
protocol ByteSource {
  /// As errors name it: `ratings.csv`, `ml.zip/ml/ratings.csv`.
  var name: String { get }
  /// The number of bytes that will come.
  var count: Int { get }
  /// Lends each chunk in order; a chunk is gone when `body` returns.
  func forEachChunk(_ body: (UnsafeRawBufferPointer) throws -> Void) throws
}

/// A file open for reading, at any place of it.
final class OpenFile {
  let path: String, size: Int
  private let descriptor: Int32

  init(_ path: String) throws {
    self.path = path
    // Without O_NONBLOCK a pipe of this name would be waited for.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    var status = stat()
    guard descriptor >= 0, fstat(descriptor, &status) == 0 else {
      throw PluginError(
        .data,
        "\(path): there is no such file, or it cannot be read; 'data.source' must name a folder with "
          + "ratings.csv and movies.csv, or a zip archive with both")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw PluginError(.data, "\(path): it is not a file; put the data set's own file there")
    }
    size = Int(status.st_size)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Fills `buffer` from `offset` on; fewer bytes only at the end of the file.
  func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var done = 0
    while done < buffer.count, let base = buffer.baseAddress {
      let got = pread(descriptor, base + done, buffer.count - done, off_t(offset + done))
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else {
        throw PluginError(.data, "\(path): reading failed: \(String(cString: strerror(errno)))")
      }
      if got == 0 { break }
      done += got
    }
    return done
  }

  /// `count` bytes from `offset` on, or as many as there are.
  func bytes(at offset: Int, count: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      filled = try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
    }
  }
}

/// A part of a file, or all of it.
struct FileSource: ByteSource {
  let file: OpenFile, name: String, range: Range<Int>

  init(_ file: OpenFile, name: String? = nil, range: Range<Int>? = nil) {
    self.file = file
    self.name = name ?? file.path
    self.range = range ?? 0..<file.size
  }

  var count: Int { range.count }

  func forEachChunk(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 16)
    defer { buffer.deallocate() }
    var offset = range.lowerBound
    while offset < range.upperBound {
      let wanted = min(buffer.count, range.upperBound - offset)
      let got = try file.read(
        at: offset, into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
      guard got > 0 else {
        throw PluginError(.data, "\(name): the file ends early; get it again")
      }
      try body(UnsafeRawBufferPointer(rebasing: buffer[..<got]))
      offset += got
    }
  }
}
