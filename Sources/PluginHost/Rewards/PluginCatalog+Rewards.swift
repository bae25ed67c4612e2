import FoundationEssentials
import JSON
import Tasks

#if canImport(Glibc)
  import Glibc
#endif

/// Rewards that are no plugin's, by name and summary.
public let hostRewards = [(name: CommandJob.name, summary: CommandJob.summary)]

/// Which reward, and how it is to run.
public struct RewardRequest: Sendable {
  /// A reward's name; a plugin file with one reward; `FILE.so:NAME`; or `command`.
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
    if request.name == CommandJob.name { return try command(request) }
    let (path, export) = try place(of: .reward, request.name, task?.plugin)
    let configuration = request.configuration.text()
    guard request.isIsolated ?? !searchPaths.isBundled(path) else {
      let plugin = try opened(path), name = try plugin.exportName(.reward, preferring: export)
      return OpenedReward(
        name: name, path: path, isIsolated: false,
        reward: try PluginReward(name, of: plugin, host: host, configuration: configuration))
    }
    let job = WorkerJob(
      path: path, name: export, configuration: configuration, memoryLimit: request.limits.memory,
      libraryDirectory: searchPaths.libraryDirectory)
    let reward = try IsolatedReward(
      job, limits: request.limits, program: request.workerProgram, host: workerHost)
    return OpenedReward(name: reward.name, path: path, isIsolated: true, reward: reward)
  }

  /// What this catalog does for workers.
  var workerHost: WorkerHost { WorkerHost(log: log, isCancelled: isCancelled, services: services) }

  /// The reward `command`, which is no plugin: the host itself runs somebody's program.
  private func command(_ request: RewardRequest) throws(TaskError) -> OpenedReward {
    guard request.isIsolated != false else {
      throw TaskError(
        .configuration,
        "reward '\(CommandJob.name)': its program always runs in a process of its own; leave "
          + "'isolate' out")
    }
    let job = try CommandJob(request.configuration)
    let reward = try CommandReward(job, limits: request.limits, host: workerHost)
    return OpenedReward(name: job.label, path: job.file, isIsolated: true, reward: reward)
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
