import Formats
import Names
import Runs

/// Where the tasks of benchmarks are described.
enum BenchmarkFiles {
  /// The tasks of these names: files, or descriptions that come with the program; one with subjects is
  /// named whole, by a group or by a subject.
  static func tasks(named names: [String]) throws -> [BenchmarkTask] {
    guard !names.isEmpty else { throw Diagnosis(Diagnosis.usage, "--tasks names no task") }
    var tasks: [BenchmarkTask] = []
    for name in names {
      let found = try self.tasks(named: name)
      tasks += found.filter { task in !tasks.contains { $0.name == task.name } }
    }
    return tasks
  }

  private static func tasks(named name: String) throws -> [BenchmarkTask] {
    if name.hasSuffix(".yaml") || name.contains("/") {
      guard FileSystem.exists(name) else {
        throw Diagnosis(Diagnosis.usage, "--tasks: there is no file \(name)")
      }
      return try BenchmarkTask.tasks(inFile: name)
    }
    let folder = HostPaths().root.map { $0 + "/tasks/benchmarks" } ?? ""
    let files = FileSystem.names(in: folder).filter { $0.hasSuffix(".yaml") }
    let stems = files.map { String($0.dropLast(5)) }
    if stems.contains(name) { return try BenchmarkTask.tasks(inFile: "\(folder)/\(name).yaml") }
    var names = stems
    // A subject or a group of one of them.
    for stem in stems where name.hasPrefix(stem + "_") {
      let all = try BenchmarkTask.tasks(inFile: "\(folder)/\(stem).yaml")
      let found = all.filter { $0.name == name || $0.groups.contains(name) }
      if !found.isEmpty { return found }
      names += all.flatMap { [$0.name] + $0.groups }
    }
    let meant = nearestName(to: name, among: names).map { "; did you mean '\($0)'?" }
    throw Diagnosis(
      Diagnosis.usage,
      "--tasks: there is no task '\(name)'"
        + (meant ?? "; there are " + stems.joined(separator: ", ") + ", and files of your own"))
  }
}
