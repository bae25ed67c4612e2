#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Why a file could not be mapped into memory.
public struct MapError: Error, Sendable, CustomStringConvertible, Equatable {
  /// The file.
  public let path: String
  /// The system's reason.
  public let reason: String

  /// One sentence: the file and the reason.
  public var description: String { "\(path): cannot be read: \(reason)" }
}

/// A file's bytes, mapped read-only and shared with every other process that maps the file.
///
/// Nothing is read until it is touched, so a model larger than memory can be opened. A mapped file
/// must not be shortened while in use; files we write are therefore replaced by rename.
public final class MappedFile: Sendable {
  /// The path given at creation.
  public let path: String
  /// The file's size in bytes.
  public let count: Int
  /// Whether a file lies behind the pages.
  private let isBacked: Bool
  // A pointer is not Sendable. This one leads to pages that nobody can write and that stay until
  // deinit, so that reading them from any thread is safe.
  nonisolated(unsafe) private let base: UnsafeRawPointer?

  /// Maps the file at `path`, which must be a regular file.
  public init(path: String) throws(MapError) {
    // Without O_NONBLOCK a pipe at this path would be waited for.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw Self.failure(path) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.failure(path) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw MapError(path: path, reason: "not a regular file")
    }
    self.path = path
    isBacked = true
    count = Int(status.st_size)
    guard count > 0 else {
      base = nil
      return
    }
    guard let pages = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0), pages != MAP_FAILED
    else { throw Self.failure(path) }
    base = UnsafeRawPointer(pages)
  }

  /// Memory in a file's place: `fill` writes `count` bytes that are read-only from then on.
  public init(
    memory count: Int, named name: String, fill: (UnsafeMutableRawBufferPointer) throws -> Void
  ) rethrows {
    path = name
    isBacked = false
    self.count = count
    guard count > 0 else {
      base = nil
      return
    }
    let pages = mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let pages, pages != MAP_FAILED else {
      fatalError("out of memory: \(count) bytes for \(name) cannot be had")
    }
    base = UnsafeRawPointer(pages)
    try fill(UnsafeMutableRawBufferPointer(start: pages, count: count))
    mprotect(pages, count, PROT_READ)
  }

  deinit {
    if let base { munmap(UnsafeMutableRawPointer(mutating: base), count) }
  }

  /// Calls `body` with the bytes of `range`, which must lie within the file. The pointer is valid
  /// during the call alone.
  public func withBytes<R>(
    _ range: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> R
  ) rethrows -> R {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= count,
      "mapped file \(path): bytes \(range) of \(count)")
    let start = base.map { $0 + range.lowerBound }
    return try body(UnsafeRawBufferPointer(start: start, count: range.count))
  }

  /// Drops the pages that lie within `range` from this process's memory; they are read again when they
  /// are touched again. For files larger than memory that are gone through once.
  public func release(_ range: Range<Int>) {
    guard isBacked, let base else { return }
    let page = Int(getpagesize())
    let first = (range.lowerBound + page - 1) / page * page, end = range.upperBound / page * page
    guard first < end else { return }
    madvise(UnsafeMutableRawPointer(mutating: base + first), end - first, MADV_DONTNEED)
  }

  /// The first byte, valid while this object lives; for kernels that read many parts at once.
  var start: UnsafeRawPointer { base ?? UnsafeRawPointer(bitPattern: 64)! }

  private static func failure(_ path: String) -> MapError {
    MapError(path: path, reason: String(cString: strerror(errno)))
  }
}
