import CPluginABI

/// The C table behind what `Dataset` says of all its rows: `sources`, `variesByEpoch`, `notes`,
/// `places`; one for all datasets.
enum SourcesTable {
  // Unsafe: written once, before anyone can read it.
  nonisolated(unsafe) static let pointer: UnsafeRawPointer = immortal {
    var table = tk_dataset_sources_v1()
    table.struct_size = UInt32(MemoryLayout<tk_dataset_sources_v1>.size)
    table.describe = { _, instance, out, error in
      guarded(error) {
        let holder: DatasetInstance = try object(instance)
        let json: JSON = [
          "sources": .array(holder.dataset.sources.map(JSON.string)),
          "varies_by_epoch": .bool(holder.dataset.variesByEpoch),
          "notes": .array(holder.dataset.notes.map(JSON.string)),
          "places": .array(holder.dataset.places.map(JSON.string)),
        ]
        try write(json.text, to: out)
        return tk_status(TK_OK)
      }
    }
    return table
  }
}
