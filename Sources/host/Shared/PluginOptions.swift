import ArgumentParser
import Formats
import PluginHost
import Synchronization

/// `--plugin-dir`, and the catalog it leads to.
struct PluginOptions: ParsableArguments {
  @Option(
    name: .customLong("plugin-dir"),
    help: ArgumentHelp(
      "A folder to look for plugins first; may be given several times.", valueName: "folder"))
  var directories: [String] = []

  func validate() throws {
    for path in directories where !FileSystem.isFolder(path) {
      let isFile = FileSystem.exists(path)
      throw ValidationError(
        "--plugin-dir \(path): " + (isFile ? "is a file" : "there is no such folder")
          + "; give the folder that holds the plugin's .so file.")
    }
  }

  /// Folders of HOST_PLUGIN_PATH that are none.
  private var lackingFolders: [String] {
    searchPaths.directories.filter { $0.origin == "HOST_PLUGIN_PATH" }.map(\.path)
      .filter { !FileSystem.isFolder($0) }
  }

  /// Where plugins are looked for.
  var searchPaths: PluginSearchPaths { .standard(pluginDirectories: directories) }

  /// The plugins that can be found; what they log, and how far their long work is, goes to standard
  /// error, information and warnings once: a dataset says the same of its files for each split that is
  /// opened.
  /// `isCancelled` is polled by their long calls.
  func catalog(isCancelled: @escaping @Sendable () -> Bool = { false }) -> PluginCatalog {
    let bar = PluginBar(), told = Told()
    for path in lackingFolders {
      Console.note("warning: HOST_PLUGIN_PATH names \(path), which is not a folder")
    }
    return PluginCatalog(
      searchPaths: searchPaths, workerProgram: "/proc/self/exe",
      log: { level, message in
        guard level != .debug, level == .error || told.isNew(message) else { return }
        Console.note("\(level): \(message)")
      },
      progress: { bar.show($0, done: $1, total: $2) }, isCancelled: isCancelled)
  }
}

/// What plugins have said.
private final class Told: Sendable {
  private let hashes = Mutex<Set<Int>>([])

  /// Whether `message` comes for the first time.
  func isNew(_ message: String) -> Bool {
    hashes.withLock { $0.insert(message.hashValue).inserted }
  }
}
