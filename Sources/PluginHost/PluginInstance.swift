import CPluginABI
import Synchronization
import Tasks

/// An object that a plugin made. Calls on it never overlap unless the plugin allows it.
final class PluginInstance: @unchecked Sendable {
  // Unchecked: the pointers never change, and `call` keeps the rule above.
  private let instance: UnsafeMutableRawPointer?
  private let destroy: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
  private let isThreadSafe: Bool
  private let turn = Mutex<Void>(())
  private let destroying: Guard

  /// `name` is what the crash guard prints, with the call behind it.
  init(
    _ instance: UnsafeMutableRawPointer?, name: String, flags: UInt32,
    destroy: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
  ) {
    self.instance = instance
    self.destroy = destroy
    destroying = Guard(name + ", destroy")
    isThreadSafe = flags & UInt32(TK_THREAD_SAFE) != 0
  }

  deinit {
    if let destroy { destroying.run { destroy(instance) } }
  }

  /// Calls `body` with the plugin's instance, on this thread. `guarding` names the call.
  func call<R, Failure: Error>(
    _ guarding: Guard, _ body: (UnsafeMutableRawPointer?) throws(Failure) -> R
  ) throws(Failure) -> R {
    if isThreadSafe { return try guarding.run { () throws(Failure) in try body(instance) } }
    // The result leaves through a variable: the lock only returns values that may be sent away.
    var result: Result<R, Failure>?
    turn.withLock { _ in
      result = guarding.run { () -> Result<R, Failure> in
        do throws(Failure) { return .success(try body(instance)) } catch { return .failure(error) }
      }
    }
    return try result!.get()
  }
}

/// Makes an instance: `create` of any kind; those without a split ignore it. nil for TK_END.
func makeInstance(
  of subject: String, in plugin: Plugin, host: HostTable, configuration: String, split: String,
  flags: UInt32, destroy: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?,
  create: (
    UnsafePointer<tk_host_v1>, tk_str, tk_str, UnsafeMutablePointer<UnsafeMutableRawPointer?>,
    UnsafeMutablePointer<tk_error>
  ) -> tk_status
) throws(TaskError) -> PluginInstance? {
  var instance: UnsafeMutableRawPointer?
  let status = try checked("\(plugin.name): \(subject)") { error in
    Guard("\(plugin.name): \(subject), create").run {
      configuration.withStr { configuration in
        split.withStr { create(host.pointer, configuration, $0, &instance, error) }
      }
    }
  }
  guard status != TK_END else { return nil }
  return PluginInstance(
    instance, name: "\(plugin.name): \(subject)", flags: flags, destroy: destroy)
}

/// The functions of an export as a table of its kind; an error when the header was another one.
func functions<Table>(
  _ kind: Plugin.Kind, _ name: String, of plugin: Plugin, as type: Table.Type
) throws(TaskError) -> (table: Table, user: UnsafeMutableRawPointer?) {
  guard let record = plugin.record(kind, name) else {
    let names = plugin.names(kind).map { "'\($0)'" }.joined(separator: ", ")
    throw TaskError(
      .internal,
      "\(plugin.name): it exports no \(kind) '\(name)', only \(names.isEmpty ? "none" : names)")
  }
  let size = record.vtable.load(as: UInt32.self)
  guard size == UInt32(MemoryLayout<Table>.size) else {
    throw TaskError(
      .internal,
      "\(plugin.name): the \(kind) '\(name)' has a table of \(size) bytes, this host expects "
        + "\(MemoryLayout<Table>.size); rebuild the plugin against this host's header")
  }
  return (record.vtable.load(as: Table.self), record.user)
}
