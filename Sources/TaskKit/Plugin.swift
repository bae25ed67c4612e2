import CPluginABI

/// A plugin's table of exports. The plugin's module holds one, and its entry file hands it out:
/// ```swift
/// public let plugin = Plugin(name: "drama", version: "1.0.0", exports: [.task(Drama.self), …])
///
/// @c @implementation
/// public func tk_plugin_entry(_ hostABI: UInt32) -> UnsafePointer<tk_plugin_head>? {
///   plugin.table(hostABI: hostABI)
/// }
/// ```
/// (Without `public` the entry works in debug builds and vanishes in release builds.)
public struct Plugin: @unchecked Sendable {
  // Unchecked: the table is written once here, never changed and never freed.
  private let plugin: UnsafeMutablePointer<tk_plugin_v1>

  /// Creates the table, which lives as long as the process. `audio` answers `host audio probe`; one
  /// for the whole library.
  public init(
    name: String, version: String, exports: [Export], audio: (any AudioProbe.Type)? = nil
  ) {
    let list = UnsafeMutablePointer<tk_export_v1>.allocate(capacity: max(1, exports.count))
    for (index, export) in exports.enumerated() { (list + index).initialize(to: export.record) }
    plugin = .allocate(capacity: 1)
    plugin.initialize(to: tk_plugin_v1())
    plugin.pointee.head = tk_plugin_head(
      magic: UInt32(TK_MAGIC), abi_major: UInt32(TK_ABI_MAJOR), abi_minor: UInt32(TK_ABI_MINOR),
      struct_size: UInt32(MemoryLayout<tk_plugin_v1>.size))
    plugin.pointee.name = name.immortal
    plugin.pointee.version = version.immortal
    plugin.pointee.built_with = "TaskKit, Swift".immortal
    plugin.pointee.export_count = exports.count
    plugin.pointee.exports = UnsafePointer(list)
    if let audio { AudioTable.probe.withLock { $0 = AudioProber(audio) } }
    plugin.pointee.extension = { id in
      switch id.map({ String(cString: $0) }) {
      case TK_EXTENSION_AUDIO: AudioTable.probe.withLock { $0 != nil } ? AudioTable.pointer : nil
      case TK_EXTENSION_DATASET_SOURCES: SourcesTable.pointer
      default: nil
      }
    }
  }

  /// The table for a host of ABI version `hostABI`; nil when this kit cannot serve it.
  public func table(hostABI: UInt32) -> UnsafePointer<tk_plugin_head>? {
    guard hostABI == UInt32(TK_ABI_MAJOR) else { return nil }
    return UnsafeRawPointer(plugin).assumingMemoryBound(to: tk_plugin_head.self)
  }
}

/// One thing that a plugin offers.
public struct Export {
  let record: tk_export_v1

  private init(
    _ kind: Int, _ name: String, _ summary: String, _ vtable: UnsafeRawPointer,
    _ maker: AnyObject
  ) {
    record = tk_export_v1(
      kind: Int32(kind), reserved: 0, name: name.immortal, summary: summary.immortal,
      vtable: vtable, user: Unmanaged.passRetained(maker).toOpaque())
  }

  /// A task.
  public static func task<T: TuningTask>(_ type: T.Type) -> Export {
    Export(
      TK_KIND_TASK, T.name, T.summary, TaskTable.pointer, TaskMaker(type))
  }

  /// A dataset.
  public static func dataset<D: Dataset>(_ type: D.Type) -> Export {
    Export(
      TK_KIND_DATASET, D.name, D.summary, DatasetTable.pointer, DatasetMaker(type))
  }

  /// An evaluator.
  public static func evaluator<E: Evaluator>(_ type: E.Type) -> Export {
    Export(
      TK_KIND_EVALUATOR, E.name, E.summary, EvaluatorTable.pointer, EvaluatorMaker(type))
  }

  /// A reward, or a metric: a reward of weight 0.
  public static func reward<R: BatchReward>(_ type: R.Type) -> Export {
    Export(TK_KIND_REWARD, R.name, R.summary, RewardTable.pointer, RewardMaker(type))
  }
}

extension String {
  /// A NUL-terminated copy that is never freed.
  fileprivate var immortal: UnsafePointer<CChar> {
    let bytes = utf8CString
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
    for (index, byte) in bytes.enumerated() { (copy + index).initialize(to: byte) }
    return UnsafePointer(copy)
  }
}
