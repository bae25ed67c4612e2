import CPluginABI
import JSON
import Tasks

extension Plugin {
  /// What `tk.dataset_sources/1` says of an instance of a dataset; a plugin without it names no file.
  /// To be called as other functions of the instance are.
  func sources(
    of instance: UnsafeMutableRawPointer?, dataset: String, subject: String
  ) throws(TaskError) -> (paths: [String], varyByEpoch: Bool, notes: [String]) {
    let table = try extensionTable(TK_EXTENSION_DATASET_SOURCES, as: tk_dataset_sources_v1.self)
    guard let describe = table?.describe else { return ([], true, []) }
    let output = TextSink()
    try checked(subject) { error in
      dataset.withStr { dataset in
        output.withTable { describe(dataset, instance, $0, error) }
      }
    }
    guard let json = try? JSONValue(parsing: output.text), let list = json["sources"]?.array,
      let varies = json["varies_by_epoch"]?.bool
    else {
      throw TaskError(
        .internal, "\(subject): not JSON with a list 'sources' and a truth value 'varies_by_epoch'")
    }
    let paths = list.compactMap(\.string)
    guard paths.count == list.count, !paths.contains("") else {
      throw TaskError(.internal, "\(subject): 'sources' must be a list of paths")
    }
    let notes = (json["notes"]?.array ?? []).compactMap(\.string)
    guard notes.count == json["notes"]?.array?.count ?? 0 else {
      throw TaskError(.internal, "\(subject): 'notes' must be a list of sentences")
    }
    return (paths, varies, notes)
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
