import CPluginABI
import JSON
import Tasks

/// Where the rows of a dataset come from.
struct RowSources {
  /// The files; none: not known. Whether rows differ from epoch to epoch.
  var paths: [String] = [], varyByEpoch = true
  /// Sentences for the user; file and line of each row.
  var notes: [String] = [], places: [String] = []
}

extension Plugin {
  /// What `tk.dataset_sources/1` says of an instance of a dataset; a plugin without it names no file.
  /// To be called as other functions of the instance are.
  func sources(
    of instance: UnsafeMutableRawPointer?, dataset: String, subject: String
  ) throws(TaskError) -> RowSources {
    let table = try extensionTable(TK_EXTENSION_DATASET_SOURCES, as: tk_dataset_sources_v1.self)
    guard let describe = table?.describe else { return RowSources() }
    let output = TextSink()
    try checked(subject) { error in
      dataset.withStr { dataset in
        output.withTable { describe(dataset, instance, $0, error) }
      }
    }
    guard let json = try? JSONValue(parsing: output.text), json["sources"]?.array != nil,
      let varies = json["varies_by_epoch"]?.bool
    else {
      throw TaskError(
        .internal, "\(subject): not JSON with a list 'sources' and a truth value 'varies_by_epoch'")
    }
    func texts(_ key: String, _ kind: String) throws(TaskError) -> [String] {
      let list = json[key]?.array ?? [], texts = list.compactMap(\.string)
      guard texts.count == list.count, !texts.contains("") else {
        throw TaskError(.internal, "\(subject): '\(key)' must be a list of \(kind)")
      }
      return texts
    }
    return RowSources(
      paths: try texts("sources", "paths"), varyByEpoch: varies,
      notes: try texts("notes", "sentences"), places: try texts("places", "files and lines"))
  }

  /// The table behind the extension `id`; nil: the plugin has none.
  func extensionTable<Table>(_ id: String, as type: Table.Type) throws(TaskError) -> Table? {
    guard let table = extensions.find?(id) else { return nil }
    let size = table.load(as: UInt32.self)
    guard size == UInt32(MemoryLayout<Table>.size) else {
      throw TaskError(
        .internal,
        "\(name): its table '\(id)' has \(size) bytes, this host expects "
          + "\(MemoryLayout<Table>.size); rebuild the plugin against this host's header")
    }
    return table.load(as: Table.self)
  }
}
