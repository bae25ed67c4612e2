import TaskKit

/// An entry of a registry of data sets, `dataset_info.json`: where its rows lie and how its files
/// call their keys.
struct DatasetEntry: Sendable, Hashable {
  /// The file of training rows; the file of validation rows.
  var train: String, validation: String?
  /// Our names of keys to the file's.
  var columns: [String: String]
  /// The registry's own file.
  var registry: String

  /// The keys of a registry's `columns` and ours.
  private static let roles = [
    "prompt": "instruction", "query": "input", "response": "output", "system": "system",
    "history": "history",
  ]

  /// Finds `name` in the registry at `path`, a file or the folder with a `dataset_info.json`. Without
  /// a name the registry must have one entry only.
  init(registry path: String, name: String?) throws {
    let isFile = path.hasSuffix(".json")
    let file = isFile ? path : path + "/dataset_info.json"
    let registry = try JSON(contentsOf: file)
    guard let entries = registry.object, !entries.isEmpty else {
      throw PluginError(.data, "\(file): it must be an object, name to data set")
    }
    let names = entries.keys.sorted()
    guard let name = name ?? (names.count == 1 ? names[0] : nil) else {
      throw PluginError(
        .configuration, "'data.dataset' must name one of \(names.joined(separator: ", "))")
    }
    guard let entry = entries[name] else {
      throw PluginError(
        .configuration,
        "'data.dataset' is '\(name)', but \(file) has \(names.joined(separator: ", "))")
    }
    let folder = file.lastIndex(of: "/").map { String(file[...$0]) } ?? ""
    try self.init(entry, registry: file, folder: folder, label: "\(file), '\(name)'")
  }

  private init(_ entry: JSON, registry: String, folder: String, label: String) throws {
    self.registry = registry
    guard let name = entry["file_name"]?.string else {
      throw PluginError(
        .data, "\(label): 'file_name' is missing; only data sets in files are read")
    }
    let formatting = entry["formatting"] ?? "alpaca"
    guard formatting == "alpaca" else {
      throw PluginError(
        .data,
        "\(label): the formatting is '\(formatting.string ?? formatting.kind)'; only 'alpaca' is read"
      )
    }
    guard entry["ranking"] ?? false == false else {
      throw PluginError(
        .data, "\(label): 'ranking' says that rows hold pairs to prefer; those are not read here")
    }
    guard let named = (entry["columns"] ?? [:]).object else {
      throw PluginError(.data, "\(label): 'columns' must be an object, role to key")
    }
    columns = [:]
    for (role, key) in named.sorted(by: { $0.key < $1.key }) {
      guard let ours = Self.roles[role], let key = key.string else {
        let known = Self.roles.keys.sorted().joined(separator: ", ")
        throw PluginError(.data, "\(label): unknown column '\(role)'; known: \(known)")
      }
      columns[ours] = key
    }
    func path(_ name: String) -> String { name.hasPrefix("/") ? name : folder + name }
    train = path(name)
    guard let held = entry["file_name_eval"] else {
      validation = nil
      return
    }
    guard let held = held.string else {
      throw PluginError(.data, "\(label): 'file_name_eval' must be a text, not \(held.kind)")
    }
    validation = path(held)
  }
}
