import FoundationEssentials
import JSON
import Tasks

#if canImport(Glibc)
  import Glibc
#endif

/// Which reward, and how it is to run.
public struct RewardRequest: Sendable {
  /// A reward's name; a plugin file with one reward; or `FILE.so:NAME`.
  public var name: String
  /// Its configuration; an object.
  public var configuration: JSONValue
  /// Whether it runs in a worker process; nil: unless its plugin is one of the bundled ones.
  public var isIsolated: Bool?
  /// What a worker may use.
  public var limits: WorkerLimits
  /// The program that a worker process runs.
  public var workerProgram = "/proc/self/exe"

  /// Describes a reward.
  public init(
    name: String, configuration: JSONValue = .emptyObject, isIsolated: Bool? = nil,
    limits: WorkerLimits = WorkerLimits()
  ) {
    self.name = name
    self.configuration = configuration
    self.isIsolated = isIsolated
    self.limits = limits
  }
}

/// A reward, ready to score.
public struct OpenedReward: Sendable {
  /// The export's name.
  public let name: String
  /// The plugin's file.
  public let path: String
  /// Whether it runs in a worker process.
  public let isIsolated: Bool
  /// The reward.
  public let reward: any Reward
}

extension PluginCatalog {
  /// Opens a reward: one of the task's own plugin, of `lib<name>.so` in the search paths, or of any
  /// plugin there that exports a reward of that name.
  public func reward(
    _ request: RewardRequest, of task: PluginTask? = nil
  ) throws(TaskError) -> OpenedReward {
    let (path, export) = try rewardPlace(request.name, task)
    let configuration = request.configuration.text()
    guard request.isIsolated ?? !searchPaths.isBundled(path) else {
      switch open(path) {
      case .failure(let reason): throw TaskError(.configuration, "\(path): \(reason)")
      case .success(let plugin):
        let name = try plugin.rewardName(preferring: export)
        return OpenedReward(
          name: name, path: path, isIsolated: false,
          reward: try PluginReward(name, of: plugin, host: host, configuration: configuration))
      }
    }
    let job = WorkerJob(
      path: path, name: export, configuration: configuration, memoryLimit: request.limits.memory,
      libraryDirectory: searchPaths.libraryDirectory,
      tokenizerFolder: services.tokenizerFolder ?? "", offersModel: services.model != nil)
    let reward = try IsolatedReward(
      job, limits: request.limits, program: request.workerProgram,
      host: .init(log: log, isCancelled: isCancelled, services: services))
    return OpenedReward(name: reward.name, path: path, isIsolated: true, reward: reward)
  }

  /// The file and the export that a reward's name means; the export is empty for "the only one".
  private func rewardPlace(_ name: String, _ task: PluginTask?) throws(TaskError)
    -> (path: String, export: String)
  {
    if let range = name.firstRange(of: ".so:") {
      let path = String(name[..<range.lowerBound]) + ".so"
      return (path.contains("/") ? path : "./" + path, String(name[range.upperBound...]))
    }
    if name.contains("/") || name.hasSuffix(".so") {
      return (name.contains("/") ? name : "./" + name, "")
    }
    if let plugin = task?.plugin, plugin.record(.reward, name) != nil { return (plugin.path, name) }
    for directory in searchPaths.directories {
      let path = directory.path + "/lib\(name).so"
      if FileManager.default.fileExists(atPath: path) { return (path, "") }
    }
    let entries = list()
    for case .success(let plugin) in entries.map(\.result)
    where plugin.record(.reward, name) != nil {
      return (plugin.path, name)
    }
    throw TaskError(.configuration, notFound(.reward, name, entries))
  }
}

extension Plugin {
  /// The reward `name`, or the only one where `name` is empty.
  func rewardName(preferring name: String) throws(TaskError) -> String {
    let rewards = names(.reward)
    if !name.isEmpty, rewards.contains(name) { return name }
    let list = rewards.map { "'\($0)'" }.joined(separator: ", ")
    guard let only = rewards.first else {
      throw TaskError(.configuration, "\(path): the plugin '\(self.name)' exports no reward")
    }
    guard name.isEmpty else {
      throw TaskError(.configuration, "\(path): it exports no reward '\(name)', only \(list)")
    }
    guard rewards.count == 1 else {
      throw TaskError(
        .configuration, "\(path): it exports several rewards; name one of \(list), as in "
          + "\(path):\(only)")
    }
    return only
  }
}

extension PluginSearchPaths {
  /// Whether the plugin at `path` came with the program: it lies beside the executable or in the
  /// installation.
  func isBundled(_ path: String) -> Bool {
    let folder = Self.resolved(Self.parent(path.contains("/") ? path : "./" + path))
    return [executableDirectory, libraryDirectory + "/plugins"].contains {
      Self.resolved($0) == folder
    }
  }

  /// The path without symbolic links; itself where there is no such file.
  private static func resolved(_ path: String) -> String {
    guard let text = realpath(path, nil) else { return path }
    defer { free(text) }
    return String(cString: text)
  }
}
