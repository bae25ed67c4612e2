#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Files that are either whole or not there: written under a temporary name beside the target,
/// flushed to the disk, then renamed. A link stays; the file that it leads to is replaced.
public enum DurableFile {
  /// The ending of temporary names. What bears it after a crash is rubbish.
  static let partialSuffix = ".partial"

  /// Writes the file `path`, replacing one that is there; on any error the old one stays and
  /// nothing half-made is left. `check` reads the new content again, where it lies until it counts.
  @discardableResult
  public static func write(
    to path: String, checking check: (String) throws(FormatError) -> Void = { _ in },
    _ body: (FileSink) throws(FormatError) -> Void
  ) throws(FormatError) -> FileDigest {
    let file = try NewFile(path, at: temporaryPath(for: place(of: path))), sink = FileSink(file)
    try body(sink)
    let digest = try sink.finish()
    do throws(FormatError) { try check(file.location) } catch {
      file.discard()
      throw error
    }
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
    try createFolder(split(path).folder)
    let temporary = try temporaryPath(for: place(of: path))
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw .cannotWrite(path) }
    close(descriptor)
    unlink(temporary)
  }

  /// Where the file `path` lies or will lie, links followed. What is no file is refused: a rename would
  /// put one in its place without a word, also in that of a device.
  public static func place(of path: String) throws(FormatError) -> String {
    guard let kind = FileSystem.Kind(of: path) else {
      guard !FileSystem.isLink(path) else {
        throw FormatError(
          .unwritable, path, "is a link that leads nowhere; remove it, or name another file")
      }
      return path
    }
    guard kind == .file else {
      throw FormatError(
        .unwritable, path,
        "is a \(kind.rawValue), and no file is put in the place of one; name another file")
    }
    return FileSystem.resolved(path)
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
