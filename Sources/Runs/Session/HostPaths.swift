import Formats
import FoundationEssentials
import PluginHost

/// Where `tasks/` and `conf/` lie.
public struct HostPaths {
  /// The folder that holds `tasks/` and `conf/`; nil when none was found.
  public let root: String?
  /// Where it was looked for, in order.
  public let searched: [String]

  /// `HOST_HOME` alone when it is set; else `<exe>/../share/host`, and the package's root when the
  /// executable lies in a build folder.
  public init(
    environment: [String: String] = ProcessInfo.processInfo.environment,
    executableDirectory: String = PluginSearchPaths.runningExecutableDirectory
  ) {
    if let home = environment["HOST_HOME"], !home.isEmpty {
      searched = [home]
    } else {
      var parts = executableDirectory.split(separator: "/", omittingEmptySubsequences: false)
      var candidates = [parts.dropLast().joined(separator: "/") + "/share/host"]
      if let build = parts.lastIndex(where: { $0.hasPrefix(".build") }) {
        parts.removeSubrange(build...)
        candidates.append(parts.joined(separator: "/"))
      }
      searched = candidates
    }
    root = searched.first { FileSystem.isFolder($0 + "/tasks") }
  }

  /// The folder of the task `name`; nil when there is none.
  public func task(_ name: String) -> String? {
    guard let root, !name.isEmpty, !name.contains("/") else { return nil }
    let folder = root + "/tasks/" + name
    return FileSystem.exists(folder + "/task.yaml") ? folder : nil
  }

  /// The folder of the small models that come with the program.
  public var models: String? { root.map { $0 + "/tasks/models" } }

  /// Names of the tasks that have a folder.
  public var tasks: [String] {
    guard let root else { return [] }
    return FileSystem.names(in: root + "/tasks").sorted().filter { task($0) != nil }
  }

  /// One sentence for an error: where task folders were looked for and which are there.
  public var summary: String {
    let places = searched.map { $0 + "/tasks" }.joined(separator: ", ")
    return tasks.isEmpty
      ? "no task folders in \(places)"
      : "task folders in \(places): " + tasks.joined(separator: ", ")
  }
}
