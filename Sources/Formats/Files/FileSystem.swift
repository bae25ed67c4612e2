#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What lies in the file system.
public enum FileSystem {
  /// Whether something lies at `path`, links followed.
  public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// The folder of what programs may make anew: `$XDG_CACHE_HOME`, else `~/.cache`; one that is no whole
  /// path does not count.
  public static var userCaches: String {
    func whole(_ name: String) -> String? {
      getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
    return whole("XDG_CACHE_HOME") ?? (whole("HOME") ?? "/tmp") + "/.cache"
  }

  /// Refuses an output that exists; `option` is what named it.
  public static func checkFree(_ path: String, option: String = "--output-dir")
    throws(FormatError)
  {
    guard exists(path) else { return }
    throw FormatError(.usage, path, "exists already; choose another \(option), or remove it first")
  }

  /// Whether a folder lies at `path`.
  public static func isFolder(_ path: String) -> Bool { Kind(of: path) == .folder }

  /// What can lie at a path, as messages say it.
  enum Kind: String {
    case file, folder, device, pipe, socket

    /// What lies at `path`, links followed; nil where nothing does.
    init?(of path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      switch status.st_mode & S_IFMT {
      case S_IFREG: self = .file
      case S_IFDIR: self = .folder
      case S_IFIFO: self = .pipe
      case S_IFSOCK: self = .socket
      default: self = .device
      }
    }
  }

  /// Whether a link lies at `path`, wherever it leads.
  static func isLink(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
  }

  /// The path without links; itself where it leads nowhere.
  public static func resolved(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  /// Whether both paths lead to the same file or folder.
  public static func isSame(_ one: String, _ other: String) -> Bool {
    var left = stat(), right = stat()
    return stat(one, &left) == 0 && stat(other, &right) == 0 && left.st_dev == right.st_dev
      && left.st_ino == right.st_ino
  }

  /// The names in a folder, sorted; empty when it cannot be read.
  public static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != "." && name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// Points the link at `path` to `target`, in one step; what lies there and is no link is left alone.
  public static func link(_ path: String, to target: String) throws(FormatError) {
    guard isLink(path) || !exists(path) else {
      throw FormatError(
        .unwritable, path,
        "is no link to a checkpoint, and none is put in its place; move it elsewhere")
    }
    let temporary = DurableFile.temporaryPath(for: path)
    unlink(temporary)
    guard symlink(target, temporary) == 0, rename(temporary, path) == 0 else {
      throw FormatError(
        .unwritable, path, "cannot be linked to \(target): \(String(cString: strerror(errno)))")
    }
  }
}
