import CPluginABI
import JSON
import Tasks

/// A plugin's task as the host sees one.
public struct PluginTask: TaskDefinition {
  /// What the task is made of.
  public let description: TaskDescription
  /// The plugin that exports it; its `path` is what a receipt hashes.
  public let plugin: Plugin
  private let host: HostTable
  private var rows: ExportedDataset
  /// What makes its parts in workers; nil: they are made in this process.
  private var isolation: PluginIsolation?
  /// Who set a key of the configuration, by its dotted path: `mine.yaml:3`.
  private var origin: @Sendable (String) -> String? = { _ in nil }

  /// Asks the task `name` what it is made of, and checks that the plugin exports all of it.
  init(_ name: String, of plugin: Plugin, host: HostTable) throws(TaskError) {
    let subject = "\(plugin.name): task '\(name)'"
    let (table, user) = try functions(.task, name, of: plugin, as: tk_task_v1.self)
    guard let describe = table.describe else {
      throw TaskError(.internal, "\(subject) lacks 'describe'")
    }
    let output = TextSink()
    try checked(subject) { error in
      Guard("\(subject), describe").run { output.withTable { describe(user, $0, error) } }
    }
    description = try Self.description(output.text, subject, plugin)
    self.plugin = plugin
    self.host = host
    rows = ExportedDataset(name: description.dataset, plugin: plugin)
  }

  /// The plugin whose rows are read: the task's, unless another one took its place.
  public var rowsPlugin: Plugin { rows.plugin }

  /// The task with another plugin's rows in the place of its own.
  public func reading(_ dataset: ExportedDataset) -> PluginTask {
    var task = self
    task.rows = dataset
    return task
  }

  /// The task whose dataset and evaluator run in workers where `isolation` says so.
  func isolated(_ isolation: PluginIsolation?) -> PluginTask {
    var task = self
    task.isolation = isolation
    return task
  }

  /// The same, with what a recipe asks for: `isIsolated` nil leaves in this process what came with the
  /// program.
  public func isolating(_ isIsolated: Bool?, limits: WorkerLimits) -> PluginTask {
    var task = self
    task.isolation?.isIsolated = isIsolated
    task.isolation?.limits = limits
    return task
  }

  /// The task whose errors about a key of the configuration name who set it, as `origin` says.
  public func locating(_ origin: @escaping @Sendable (String) -> String?) -> PluginTask {
    var task = self
    task.origin = origin
    return task
  }

  private static func description(
    _ text: String, _ subject: String, _ plugin: Plugin
  ) throws(TaskError) -> TaskDescription {
    let json: JSONValue
    do throws(JSONError) {
      json = try JSONValue(parsing: text)
    } catch {
      throw TaskError(.internal, "\(subject): its description is not JSON: \(error)")
    }
    guard let name = json["name"]?.string, let dataset = json["dataset"]?.string else {
      throw TaskError(.internal, "\(subject): its description lacks 'name' or 'dataset'")
    }
    let description = TaskDescription(
      name: name, summary: json["summary"]?.string ?? "", dataset: dataset,
      evaluator: json["evaluator"]?.string,
      rewards: (json["rewards"]?.array ?? []).compactMap(\.string),
      defaults: json["defaults"] ?? .emptyObject)
    guard description.defaults.object != nil else {
      throw TaskError(
        .internal, "\(subject): its defaults are \(description.defaults.kind), not an object")
    }
    let needed =
      [(Plugin.Kind.dataset, dataset)] + (description.evaluator.map { [(.evaluator, $0)] } ?? [])
      + description.rewards.map { (.reward, $0) }
    for (kind, name) in needed where plugin.record(kind, name) == nil {
      throw TaskError(
        .internal, "\(subject): it names the \(kind) '\(name)', which the plugin does not export")
    }
    return description
  }

  /// The rows of `split`; nil when the task has no such split.
  public func dataset(
    split: Split, configuration: JSONValue
  ) throws(TaskError) -> (any Dataset)? {
    do {
      if let isolation, isolation.holds(rows.plugin) {
        return try isolation.dataset(
          rows.name, of: rows.plugin, configuration: configuration, split: split)
      }
      return try PluginDataset(
        rows.name, of: rows.plugin, host: host, configuration: configuration.text(),
        split: split)
    } catch { throw located(error) }
  }

  /// The task's evaluator, for predictions on `split`; nil when it has none.
  public func evaluator(
    split: Split, configuration: JSONValue
  ) throws(TaskError) -> (any Evaluator)? {
    guard let name = description.evaluator else { return nil }
    do {
      if let isolation, isolation.holds(plugin) {
        return try isolation.evaluator(
          name, of: plugin, configuration: configuration, split: split)
      }
      return try PluginEvaluator(
        name, of: plugin, host: host, configuration: configuration.text(), split: split)
    } catch { throw located(error) }
  }

  /// An error about a key of the configuration, at the place where the key was set instead of behind
  /// the plugin's name. Kits and plugins write the key in single quotes, before anything else.
  private func located(_ error: TaskError) -> TaskError {
    guard error.kind == .configuration, let reason = error.reason else { return error }
    let words = reason.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
    guard words.count == 3 else { return error }
    let key = words[1].hasPrefix("data.") ? words[1].dropFirst(5) : words[1]
    guard let place = origin(String(key)) else { return error }
    return TaskError(.configuration, "\(place): \(words[0])'data.\(key)'\(words[2])")
  }
}

/// A dataset by its export's name and its plugin.
public struct ExportedDataset: Sendable {
  let name: String
  let plugin: Plugin
}
