import FoundationEssentials
import Names
import Synchronization
import Tasks

/// The plugins that can be found. Opened ones stay open for as long as the process lives.
///
/// Plugins run on the caller's thread. Call from the main thread or one of your own, never from
/// within a Swift concurrency task: a plugin that waits there for its own tasks would block them.
public final class PluginCatalog: Sendable {
  /// A file that looks like a plugin.
  public struct Entry: Sendable {
    /// The file.
    public let path: String
    /// What the plugin says of itself; or why it cannot be used, in one sentence without the path.
    public let result: Result<PluginSummary, Unusable>
  }

  /// Why a file cannot be used as a plugin.
  public struct Unusable: Error, Sendable, Hashable, CustomStringConvertible {
    /// One sentence without the path.
    public let description: String
  }

  /// Where this catalog looks.
  public let searchPaths: PluginSearchPaths
  /// What plugins are offered; a run adds its tokenizer and model.
  public let services: OfferedServices
  let host: HostTable
  /// Takes the lines that plugins log.
  public let log: @Sendable (PluginLogLevel, String) -> Void
  /// Whether the user has asked to stop.
  public let isCancelled: @Sendable () -> Bool
  private let workerProgram: String?
  private let opened = Mutex<[String: Result<Plugin, Unusable>]>([:])
  private let surveyed = Mutex<[String: Result<PluginSummary, Unusable>]>([:])

  /// Creates a catalog; nothing is opened yet. `log` gets the lines that plugins log, on any
  /// thread, `progress` how far their long work is; `isCancelled` is polled by long calls. `workerProgram` is what a process runs in which
  /// plugins that are not bundled are opened for `list`, and their datasets and evaluators run;
  /// nil: they are opened in this one.
  public init(
    searchPaths: PluginSearchPaths, workerProgram: String? = nil,
    log: @escaping @Sendable (PluginLogLevel, String) -> Void = { _, _ in },
    progress: @escaping PluginProgress = { _, _, _ in },
    isCancelled: @escaping @Sendable () -> Bool = { false }
  ) {
    self.searchPaths = searchPaths
    services = OfferedServices(progress: progress)
    self.workerProgram = workerProgram
    self.log = log
    self.isCancelled = isCancelled
    host = HostTable(log: log, isCancelled: isCancelled, services: services)
  }

  /// Every `lib*.so` in the search paths, in their order. Those that did not come with the program
  /// are looked at in a process of their own: one that crashes while it is loaded is an entry too.
  public func list() -> [Entry] {
    var first: [String: String] = [:]
    return files().map { path in
      let name = path.split(separator: "/").last.map(String.init) ?? path
      if let winner = first[name] {
        return Entry(
          path: path, result: .failure(Unusable(description: "not used: \(winner) comes first")))
      }
      first[name] = path
      return Entry(path: path, result: survey(path))
    }
  }

  /// What the plugin at `path` says of itself.
  private func survey(_ path: String) -> Result<PluginSummary, Unusable> {
    let isOpen = opened.withLock { $0[path] != nil }
    // An MPI changes the process that opens it.
    let isTransport = path.split(separator: "/").last?.hasPrefix(Self.transportPrefix) == true
    guard let workerProgram, !isOpen, !searchPaths.isBundled(path) || isTransport else {
      return open(path).map(\.summary)
    }
    if let known = surveyed.withLock({ $0[path] }) { return known }
    guard Sanitizer(ofFile: path) == nil else {
      return .failure(
        Unusable(
          description: "it was built with AddressSanitizer; only `plugins check` can open it"))
    }
    var check = PluginCheck(
      path: path, timeout: .seconds(10), searchPaths: searchPaths, program: workerProgram, log: log)
    let result: Result<PluginSummary, Unusable>
    do throws(TaskError) {
      let summary = try check.load()
      let fault = check.findings.first { $0.mark != .ok && $0.side != "exports" }
      let unusable = Unusable(description: fault?.text ?? "it does not say what it is")
      result =
        fault == nil ? summary.map { .success($0) } ?? .failure(unusable) : .failure(unusable)
    } catch {
      result = .failure(Unusable(description: error.message))
    }
    surveyed.withLock { $0[path] = result }
    return result
  }

  /// The task `name`: from the file `name` when it holds a `/`, else from `lib<name>.so` in the
  /// search paths, else from any plugin there that exports a task of that name.
  public func task(named name: String) throws(TaskError) -> PluginTask {
    if name.contains("/") { return try task(in: name, preferring: nil) }
    for directory in searchPaths.directories {
      let path = directory.path + "/lib\(name).so"
      if FileManager.default.fileExists(atPath: path) {
        return try task(in: path, preferring: name)
      }
    }
    let entries = list()
    for case .success(let plugin) in entries.map(\.result)
    where plugin.names(.task).contains(name) {
      return try task(in: plugin.path, preferring: name)
    }
    throw TaskError(.configuration, notFound(.task, name, entries))
  }

  /// The plugin file that a task's or a reward's name stands for.
  public func file(named name: String) throws(TaskError) -> String {
    if let found = try? place(of: .reward, name, nil) { return found.path }
    return try place(of: .task, name, nil).path
  }

  /// The task of one file: the one named `name`, or the only one.
  private func task(in path: String, preferring name: String?) throws(TaskError) -> PluginTask {
    switch open(path) {
    case .failure(let reason): throw TaskError(.configuration, "\(path): \(reason)")
    case .success(let plugin):
      let tasks = plugin.names(.task)
      if let name, tasks.contains(name) {
        return try PluginTask(name, of: plugin, host: host).isolated(isolation)
      }
      guard let only = tasks.first else {
        throw TaskError(.configuration, "\(path): the plugin '\(plugin.name)' exports no task")
      }
      guard tasks.count == 1 else {
        let names = tasks.map { "'\($0)'" }.joined(separator: ", ")
        throw TaskError(
          .configuration, "\(path): the plugin exports several tasks; name one of \(names)")
      }
      return try PluginTask(only, of: plugin, host: host).isolated(isolation)
    }
  }

  /// How parts of tasks run; nil where there is no program for workers.
  private var isolation: PluginIsolation? {
    workerProgram.map {
      PluginIsolation(searchPaths: searchPaths, program: $0, host: workerHost)
    }
  }

  /// Opens a file, once.
  func open(_ path: String) -> Result<Plugin, Unusable> {
    opened.withLock { opened in
      if let known = opened[path] { return known }
      let result: Result<Plugin, Unusable>
      do throws(SharedObject.Fault) {
        let library = searchPaths.libraryDirectory
        result = .success(try Plugin(opening: path, libraryDirectory: library))
      } catch {
        result = .failure(Unusable(description: error.reason))
      }
      opened[path] = result
      return result
    }
  }

  private func files() -> [String] {
    searchPaths.directories.flatMap { directory in
      let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
      return names.filter { $0.hasPrefix("lib") && $0.hasSuffix(".so") }.sorted()
        .map { directory.path + "/" + $0 }
    }
  }

  /// What to tell who asks for something that no plugin here exports.
  func notFound(_ kind: Plugin.Kind, _ name: String, _ entries: [Entry]) -> String {
    var names: [String] = []
    for case .success(let plugin) in entries.map(\.result) { names += plugin.names(kind) }
    if kind == .reward { names += hostRewards.map(\.name) }
    var lines = ["there is no \(kind) '\(name)'"]
    if let nearest = nearestName(to: name, among: names) {
      lines[0] += "; did you mean '\(nearest)'? host plugins list shows all"
      return lines[0]
    }
    lines.append("searched for lib\(name).so and for a plugin with such a \(kind) in:")
    for directory in searchPaths.directories {
      let found = entries.filter { PluginSearchPaths.parent($0.path) == directory.path }
        .map { summary($0, kind) }.joined(separator: ", ")
      let exists = FileManager.default.fileExists(atPath: directory.path)
      lines.append(
        "  \(directory.path) (\(directory.origin)): "
          + (found.isEmpty ? exists ? "no plugins" : "does not exist" : found))
    }
    if searchPaths.isBuildDirectory {
      lines.append(
        "this program runs from SwiftPM's build directory: `swift build` builds the plugins too, "
          + "`swift build --product host` and `swift run host` do not")
    }
    return lines.joined(separator: "\n")
  }

  private func summary(_ entry: Entry, _ kind: Plugin.Kind) -> String {
    switch entry.result {
    case .success(let plugin):
      let names = plugin.names(kind).joined(separator: " ")
      let list = names.isEmpty ? "no \(kind)" : "\(kind) \(names)"
      return "\(plugin.name) \(plugin.version) (\(list))"
    case .failure(let reason):
      let file = entry.path.split(separator: "/").last.map(String.init) ?? entry.path
      return "\(file) (\(reason))"
    }
  }
}
