import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A new file being written from its start to its end, hashed on the way.
public final class FileSink {
  /// The file that errors name; the bytes may lie under a temporary name until the end.
  public let path: String
  /// Bytes written so far.
  public private(set) var count = 0
  private let descriptor: Int32
  private var pending: [UInt8] = []
  private var digest = SHA256()
  private var isOpen = true

  private static let pieceSize = 1 << 18

  /// Creates the file `location` (mode 0644), which replaces one that lies there already.
  init(location: String, reportedAs path: String) throws(FormatError) {
    self.path = path
    descriptor = open(location, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .cannotWrite(path) }
  }

  deinit {
    if isOpen { close(descriptor) }
  }

  /// Appends raw bytes.
  public func write(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    if bytes.count >= Self.pieceSize {
      try flush()
      try put(bytes)
    } else {
      pending.append(contentsOf: bytes)
      if pending.count >= Self.pieceSize { try flush() }
    }
    count += bytes.count
  }

  /// Appends bytes.
  public func write(_ bytes: [UInt8]) throws(FormatError) {
    try withBytes(of: bytes) { (raw) throws(FormatError) in try write(raw) }
  }

  /// Appends text as UTF-8.
  public func write(_ text: String) throws(FormatError) { try write(Array(text.utf8)) }

  /// Appends numbers as little-endian F32.
  public func write(_ values: [Float]) throws(FormatError) {
    try withBytes(of: values) { (raw) throws(FormatError) in try write(raw) }
  }

  /// Appends all of the file `source`.
  func copy(_ source: String) throws(FormatError) {
    let file: MappedFile
    do { file = try MappedFile(path: source) } catch {
      throw FormatError(.missing, error.path, "cannot be read: \(error.reason)")
    }
    try file.withBytes(0..<file.count) { bytes in
      Result { () throws(FormatError) in try write(bytes) }
    }.get()
  }

  /// Writes what is pending, waits until the disk has it, and gives size and hash.
  func finish() throws(FormatError) -> FileDigest {
    try flush()
    guard fsync(descriptor) == 0 else { throw .cannotWrite(path) }
    isOpen = false
    guard close(descriptor) == 0 else { throw .cannotWrite(path) }
    return FileDigest(size: count, sha256: digest.hexadecimal)
  }

  private func flush() throws(FormatError) {
    let bytes = pending
    pending.removeAll(keepingCapacity: true)
    try withBytes(of: bytes) { (raw) throws(FormatError) in try put(raw) }
  }

  private func put(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    digest.update(bytes)
    var written = 0
    while written < bytes.count {
      let piece = UnsafeRawBufferPointer(rebasing: bytes[written...])
      let result = Self.systemWrite(descriptor, piece)
      if result < 0 && errno == EINTR { continue }
      guard result > 0 else { throw .cannotWrite(path) }
      written += result
    }
  }

  /// `write(2)`, whose name the methods of this class hide.
  private static func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
    #if canImport(Glibc)
      Glibc.write(descriptor, bytes.baseAddress, bytes.count)
    #elseif canImport(Musl)
      Musl.write(descriptor, bytes.baseAddress, bytes.count)
    #else
      Darwin.write(descriptor, bytes.baseAddress, bytes.count)
    #endif
  }
}

/// `withUnsafeBytes` for a body with a typed error.
private func withBytes<T>(
  of values: [T], _ body: (UnsafeRawBufferPointer) throws(FormatError) -> Void
) throws(FormatError) {
  var failure: FormatError?
  values.withUnsafeBytes { raw in
    do throws(FormatError) { try body(raw) } catch { failure = error }
  }
  if let failure { throw failure }
}

extension FormatError {
  /// What `errno` says of an attempt to write `path`.
  static func cannotWrite(_ path: String) -> FormatError {
    let reason = String(cString: strerror(errno))
    return FormatError(.unwritable, path, "cannot be written: \(reason)")
  }
}
