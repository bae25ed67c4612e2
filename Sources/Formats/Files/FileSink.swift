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
  public var path: String { file.path }
  /// Bytes written so far.
  public private(set) var count = 0
  private let file: NewFile
  private var pending: [UInt8] = []
  private var digest = SHA256()

  private static let pieceSize = 1 << 18

  /// Writes into `file`.
  init(_ file: NewFile) { self.file = file }

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
    try file.finish()
    return FileDigest(size: count, sha256: digest.hexadecimal)
  }

  private func flush() throws(FormatError) {
    let bytes = pending
    pending.removeAll(keepingCapacity: true)
    try withBytes(of: bytes) { (raw) throws(FormatError) in try put(raw) }
  }

  private func put(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    digest.update(bytes)
    try file.append(bytes)
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
  public static func cannotWrite(_ path: String) -> FormatError {
    let reason = String(cString: strerror(errno))
    return FormatError(.unwritable, path, "cannot be written: \(reason)")
  }
}
