#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Files that are either whole or not there: written under a temporary name beside the target,
/// flushed to the disk, then renamed.
public enum DurableFile {
  /// The ending of temporary names. What bears it after a crash is rubbish.
  static let partialSuffix = ".partial"

  /// Writes the file `path`, replacing one that is there; on any error the old one stays and
  /// nothing half-made is left.
  @discardableResult
  public static func write(
    to path: String, _ body: (FileSink) throws(FormatError) -> Void
  ) throws(FormatError) -> FileDigest {
    let file = try NewFile(path, at: temporaryPath(for: path)), sink = FileSink(file)
    try body(sink)
    let digest = try sink.finish()
    try file.takeName(isDurable: true)
    return digest
  }

  /// Writes `text` as the whole of the file `path`.
  @discardableResult
  public static func write(_ text: String, to path: String) throws(FormatError) -> FileDigest {
    try write(to: path) { (sink) throws(FormatError) in try sink.write(text) }
  }

  /// Copies the file `source` to `path`, whose folder is made if need be.
  public static func copy(_ source: String, to path: String) throws(FormatError) {
    try createFolder(split(path).folder)
    try write(to: path) { (sink) throws(FormatError) in try sink.copy(source) }
  }

  /// Tries whether the file `path` can be written, its folder is made if need be; a file that is there
  /// stays as it is.
  public static func checkWritable(_ path: String) throws(FormatError) {
    let folder = split(path).folder, temporary = temporaryPath(for: path)
    try createFolder(folder)
    guard !FileSystem.isFolder(path) else {
      throw FormatError(.unwritable, path, "a folder has this name")
    }
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .cannotWrite(path) }
    close(descriptor)
    unlink(temporary)
  }

  /// Creates the folder `path` and those above it; no error when it is there already.
  public static func createFolder(_ path: String) throws(FormatError) {
    if FileSystem.isFolder(path) { return }
    let parent = split(path).folder
    if parent != path { try createFolder(parent) }
    guard mkdir(path, 0o755) == 0 || (errno == EEXIST && FileSystem.isFolder(path)) else {
      let reason = String(cString: strerror(errno))
      throw FormatError(.unwritable, path, "the folder cannot be created: \(reason)")
    }
  }

  /// The folder that the file `path` lies in.
  public static func folder(of path: String) -> String { split(path).folder }

  /// Where the new content of `path` lies until it is whole.
  static func temporaryPath(for path: String) -> String {
    let (folder, name) = split(path)
    return "\(folder)/.\(name)\(partialSuffix)"
  }

  /// The folder and the last part of a path.
  static func split(_ path: String) -> (folder: String, name: String) {
    var trimmed = path[...]
    while trimmed.count > 1, trimmed.last == "/" { trimmed.removeLast() }
    guard let slash = trimmed.lastIndex(of: "/") else { return (".", String(trimmed)) }
    let folder = slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    return (folder, String(trimmed[trimmed.index(after: slash)...]))
  }

  /// Makes the names in `folder` last: a rename is lost with the power until its folder is synced.
  static func sync(folder: String) throws(FormatError) {
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .cannotWrite(folder) }
    defer { close(descriptor) }
    // Some network file systems cannot sync a folder and say so; the rename stands nevertheless.
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS else {
      throw .cannotWrite(folder)
    }
  }
}
