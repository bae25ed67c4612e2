#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that lies under another name until it is whole, and then takes its own in one step:
/// nobody ever reads half of it, and until then one of that name stays as it is. Given up, it
/// leaves nothing.
public final class NewFile {
  /// The name that it takes, which errors say.
  public let path: String
  /// Where it lies until then.
  public let location: String
  private let descriptor: Int32
  private var isOpen = true, isWhole = false

  /// Begins the file `path` at `location`, a name in the same file system. A private one is for its
  /// user alone and begins where nothing lies yet; any other takes the place of what lies there.
  public init(_ path: String, at location: String, isPrivate: Bool = false) throws(FormatError) {
    self.path = path
    self.location = location
    descriptor = open(
      location, O_RDWR | O_CREAT | O_CLOEXEC | (isPrivate ? O_EXCL : O_TRUNC),
      isPrivate ? 0o600 : 0o644)
    guard descriptor >= 0 else { throw .cannotWrite(path) }
  }

  deinit {
    if isOpen { close(descriptor) }
    if !isWhole { unlink(location) }
  }

  /// Appends bytes.
  public func append(_ bytes: UnsafeRawBufferPointer) throws(FormatError) {
    var written = 0
    while written < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
      let count = write(descriptor, rest.baseAddress, rest.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw .cannotWrite(path) }
      written += count
    }
  }

  /// Replaces the file's first bytes, which are there already.
  public func overwriteStart(_ bytes: [UInt8]) throws(FormatError) {
    guard pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
      throw .cannotWrite(path)
    }
  }

  /// Gives up a file whose writing has ended.
  func discard() { isWhole = false }

  /// Ends the writing and waits until the disk has everything. The file keeps the name it has.
  func finish() throws(FormatError) {
    guard fsync(descriptor) == 0 else { throw .cannotWrite(path) }
    isOpen = false
    guard close(descriptor) == 0 else { throw .cannotWrite(path) }
    isWhole = true
  }

  /// Gives the file its name. A durable one has it even after the power fails; any other may then
  /// be damaged. What is no file keeps its name (`DurableFile.place`).
  public func takeName(isDurable: Bool) throws(FormatError) {
    if isDurable, isOpen { try finish() }
    isWhole = false
    let place = try DurableFile.place(of: path)
    guard rename(location, place) == 0 else { throw .cannotWrite(path) }
    isWhole = true
    if isDurable { try DurableFile.sync(folder: DurableFile.split(place).folder) }
  }
}
