import FoundationEssentials

/// Where plugins are looked for, in order. The current directory is never among them.
public struct PluginSearchPaths: Sendable, Hashable {
  /// A directory and who named it.
  public struct Directory: Sendable, Hashable {
    /// The directory's path.
    public let path: String
    /// `--plugin-dir`, `HOST_PLUGIN_PATH`, `the executable's directory`, …
    public let origin: String

    /// Creates an entry.
    public init(path: String, origin: String) {
      self.path = path
      self.origin = origin
    }
  }

  /// The directories, first one first.
  public let directories: [Directory]
  /// The directory that holds the executable, without symbolic links.
  public let executableDirectory: String

  /// Exactly these directories.
  public init(directories: [Directory], executableDirectory: String) {
    self.directories = directories
    self.executableDirectory = executableDirectory
  }

  /// The standard order: `pluginDirectories` (from `--plugin-dir`), `HOST_PLUGIN_PATH` (separated
  /// by colons), the executable's directory, `<exe>/../lib/host/plugins` and
  /// `$XDG_DATA_HOME/host/plugins`. A directory named twice counts once.
  public static func standard(
    pluginDirectories: [String] = [],
    environment: [String: String] = ProcessInfo.processInfo.environment,
    executableDirectory: String = PluginSearchPaths.runningExecutableDirectory
  ) -> PluginSearchPaths {
    var found: [Directory] = []
    func add(_ path: String, _ origin: String) {
      guard !path.isEmpty, !found.contains(where: { $0.path == path }) else { return }
      found.append(Directory(path: path, origin: origin))
    }
    for path in pluginDirectories { add(path, "--plugin-dir") }
    for path in (environment["HOST_PLUGIN_PATH"] ?? "").split(separator: ":") {
      add(String(path), "HOST_PLUGIN_PATH")
    }
    add(executableDirectory, "the executable's directory")
    add(parent(executableDirectory) + "/lib/host/plugins", "the installation")
    if let data = environment["XDG_DATA_HOME"], data.hasPrefix("/") {
      add(data + "/host/plugins", "XDG_DATA_HOME")
    } else if let home = environment["HOME"], home.hasPrefix("/") {
      add(home + "/.local/share/host/plugins", "the user's data directory")
    }
    return PluginSearchPaths(directories: found, executableDirectory: executableDirectory)
  }

  /// The directory of the running program.
  public static var runningExecutableDirectory: String {
    let link = "/proc/self/exe"
    let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) ?? link
    return parent(path)
  }

  /// Where the installation keeps the libraries that plugins may lack.
  var libraryDirectory: String { Self.parent(executableDirectory) + "/lib/host" }

  /// Whether the program was built by SwiftPM and not installed.
  var isBuildDirectory: Bool {
    executableDirectory.split(separator: "/").contains { $0.hasPrefix(".build") }
  }

  /// The path one level up.
  static func parent(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return "/" }
    return String(path[..<slash])
  }
}
