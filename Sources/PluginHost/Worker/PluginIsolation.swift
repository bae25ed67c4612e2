import JSON
import Tasks

/// Which plugins' datasets and evaluators run in workers, and how.
struct PluginIsolation: Sendable {
  /// Whether they do; nil: unless the plugin came with the program.
  var isIsolated: Bool?
  /// What a worker may use.
  var limits = WorkerLimits()
  let searchPaths: PluginSearchPaths
  /// What a worker process runs.
  let program: String
  let host: WorkerHost

  /// Whether the parts of `plugin` run in workers.
  func holds(_ plugin: Plugin) -> Bool { isIsolated ?? !searchPaths.isBundled(plugin.path) }

  func dataset(
    _ name: String, of plugin: Plugin, configuration: JSONValue, split: Split
  ) throws(TaskError) -> (any Dataset)? {
    try IsolatedDataset(
      job(.dataset(split), name, plugin, configuration), limits: limits, program: program,
      host: host)
  }

  func evaluator(
    _ name: String, of plugin: Plugin, configuration: JSONValue, split: Split
  ) throws(TaskError) -> any Evaluator {
    try IsolatedEvaluator(
      job(.evaluator(split), name, plugin, configuration), limits: limits, program: program,
      host: host)
  }

  private func job(
    _ kind: WorkerJob.Kind, _ name: String, _ plugin: Plugin, _ configuration: JSONValue
  ) -> WorkerJob {
    WorkerJob(
      kind: kind, path: plugin.path, name: name, configuration: configuration.text(),
      memoryLimit: limits.memory, libraryDirectory: searchPaths.libraryDirectory)
  }
}
