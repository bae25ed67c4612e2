import ArgumentParser
import PluginHost

/// `--plugin-dir`, and the catalog it leads to.
struct PluginOptions: ParsableArguments {
  @Option(
    name: .customLong("plugin-dir"),
    help: ArgumentHelp(
      "A folder to look for plugins first; may be given several times.", valueName: "folder"))
  var directories: [String] = []

  /// Where plugins are looked for.
  var searchPaths: PluginSearchPaths { .standard(pluginDirectories: directories) }

  /// The plugins that can be found; what they log, and how
  /// far their long work is, goes to standard error. `isCancelled` is polled
  /// by their long calls.
  func catalog(isCancelled: @escaping @Sendable () -> Bool = { false }) -> PluginCatalog {
    let bar = PluginBar()
    return PluginCatalog(
      searchPaths: searchPaths, workerProgram: "/proc/self/exe",
      log: { level, message in if level != .debug { Console.note("\(level): \(message)") } },
      progress: { bar.show($0, done: $1, total: $2) }, isCancelled: isCancelled)
  }
}
