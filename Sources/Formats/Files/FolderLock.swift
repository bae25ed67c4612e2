#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The right to write into a folder, which one process has at a time and loses with its end.
///
/// It is the system's lock (`flock`) on a hidden file in the folder, whose text says who has it. What
/// ends the process, be it the power, ends the lock; processes that it has started do not inherit it.
public final class FolderLock: Sendable {
  /// Why there is no lock.
  public enum Fault: Error, Sendable, Equatable {
    /// Another process has it: "pid 4711".
    case isHeld(by: String)
    /// The folder or the file cannot be made.
    case unwritable(FormatError)
  }

  /// The file's name. It is there while the lock is held, and after a process that was killed.
  public static let fileName = ".lock"

  /// Whether the lock is the system's: some network file systems have none.
  public let isKnownToSystem: Bool
  private let path: String, descriptor: Int32, madeFolders: [String]

  /// Takes the lock of `folder`, which is made if need be.
  public init(_ folder: String) throws(Fault) {
    let made = Self.missingFolders(folder)
    do throws(FormatError) { try DurableFile.createFolder(folder) } catch {
      throw .unwritable(error)
    }
    path = folder + "/" + Self.fileName
    madeFolders = made
    (descriptor, isKnownToSystem) = try Self.taken(path)
    let text = Self.owner + "\n"
    ftruncate(descriptor, 0)
    _ = text.withCString { pwrite(descriptor, $0, text.utf8.count, 0) }
  }

  /// The file goes while the lock is still held, and the folders that were made for it if nothing has
  /// come into them.
  deinit {
    unlink(path)
    close(descriptor)
    for folder in madeFolders { rmdir(folder) }
  }

  private static func taken(_ path: String) throws(Fault) -> (Int32, isKnown: Bool) {
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
      guard descriptor >= 0 else { throw .unwritable(.cannotWrite(path)) }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        if [ENOSYS, EOPNOTSUPP, ENOLCK].contains(errno) { return (descriptor, false) }
        defer { close(descriptor) }
        guard errno == EWOULDBLOCK else { throw .unwritable(.cannotWrite(path)) }
        throw .isHeld(by: owner(descriptor))
      }
      // Whoever had it before may have removed the file meanwhile: then this lock is nobody's.
      var own = stat(), there = stat()
      if fstat(descriptor, &own) == 0, stat(path, &there) == 0, own.st_ino == there.st_ino,
        own.st_dev == there.st_dev
      {
        return (descriptor, true)
      }
      close(descriptor)
    }
  }

  /// The folders that are to be made, the innermost first.
  private static func missingFolders(_ folder: String) -> [String] {
    var missing: [String] = [], folder = folder
    while !FileSystem.exists(folder) {
      missing.append(folder)
      let parent = DurableFile.split(folder).folder
      if parent == folder { break }
      folder = parent
    }
    return missing
  }

  /// This process, and its machine: a folder may be shared by several.
  private static var owner: String { "pid \(getpid()) on \(machine)" }

  private static var machine: String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// Who the file says has the lock: the machine is left out where it is this one.
  private static func owner(_ descriptor: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 320)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    let text =
      String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
      .split(separator: "\n").first.map(String.init) ?? ""
    guard text.hasPrefix("pid ") else { return "which has not said its pid yet" }
    let here = " on " + machine
    return text.hasSuffix(here) ? String(text.dropLast(here.count)) : text
  }
}
