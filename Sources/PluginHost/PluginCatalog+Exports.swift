import FoundationEssentials
import Tasks

extension PluginCatalog {
  /// The file that `FILE.so`, `FILE.so:NAME` or a path stands for, and the export that it names; nil
  /// for the name of something to be looked for. A file here gets a `./`, without which the system's
  /// loader would look elsewhere.
  public static func file(in name: String) -> (path: String, export: String?)? {
    func path(_ text: String) -> String { text.contains("/") ? text : "./" + text }
    if let mark = name.firstRange(of: ".so:") {
      return (path(name[..<mark.lowerBound] + ".so"), String(name[mark.upperBound...]))
    }
    return name.contains("/") || name.hasSuffix(".so") ? (path(name), nil) : nil
  }

  /// The dataset `name`: a plugin file with one, `FILE.so:NAME`, or one of a plugin in the search
  /// paths.
  public func dataset(named name: String) throws(TaskError) -> ExportedDataset {
    let (path, export) = try place(of: .dataset, name, nil)
    let plugin = try opened(path)
    return ExportedDataset(
      name: try plugin.exportName(.dataset, preferring: export), plugin: plugin)
  }

  /// The file and the export that a name means; the export is empty for "the only one". A name
  /// without a path is looked for in `own` first.
  func place(of kind: Plugin.Kind, _ name: String, _ own: Plugin?) throws(TaskError)
    -> (path: String, export: String)
  {
    if let place = Self.file(in: name) { return (place.path, place.export ?? "") }
    if let own, own.record(kind, name) != nil { return (own.path, name) }
    for directory in searchPaths.directories {
      let path = directory.path + "/lib\(name).so"
      if FileManager.default.fileExists(atPath: path) { return (path, "") }
    }
    let entries = list()
    for case .success(let plugin) in entries.map(\.result)
    where plugin.names(kind).contains(name) {
      return (plugin.path, name)
    }
    throw TaskError(.configuration, notFound(kind, name, entries))
  }

  /// Opens the plugin at `path`.
  func opened(_ path: String) throws(TaskError) -> Plugin {
    switch open(path) {
    case .success(let plugin): return plugin
    case .failure(let reason): throw TaskError(.configuration, "\(path): \(reason)")
    }
  }
}

extension Plugin {
  /// The export `name` of a kind, or the only one where `name` is empty.
  func exportName(_ kind: Kind, preferring name: String) throws(TaskError) -> String {
    let known = names(kind)
    if !name.isEmpty, known.contains(name) { return name }
    let list = known.map { "'\($0)'" }.joined(separator: ", ")
    guard let only = known.first else {
      throw TaskError(.configuration, "\(path): the plugin '\(self.name)' exports no \(kind)")
    }
    guard name.isEmpty else {
      throw TaskError(.configuration, "\(path): it exports no \(kind) '\(name)', only \(list)")
    }
    guard known.count == 1 else {
      throw TaskError(
        .configuration,
        "\(path): it exports several; name one of \(list), as in \(path):\(only)")
    }
    return only
  }
}
