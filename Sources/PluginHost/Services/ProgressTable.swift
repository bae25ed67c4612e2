import CPluginABI
import Synchronization

/// Hears how far a plugin's long work has come: what it does, how many parts of how many are done.
public typealias PluginProgress =
  @Sendable (_ label: String, _ done: Int, _ total: Int) -> Void

/// The progress service as a C table. Never freed: a plugin may keep it.
final class ProgressTable: @unchecked Sendable {
  // Unchecked: written once; its function may be called from any thread.
  let pointer: UnsafeMutablePointer<tk_progress_v1>

  /// Passes on a new label, an end, and else what comes after a pause: plugins call for each row.
  private final class Context {
    private struct State {
      var label: String?, moment = ContinuousClock.now
    }
    private let show: PluginProgress
    private let state = Mutex(State())

    init(_ show: @escaping PluginProgress) { self.show = show }

    func hear(_ label: tk_str, _ done: Int, _ total: Int) {
      let label = String(label).printable, now = ContinuousClock.now
      let isHeard = state.withLock { state in
        let isDue =
          state.label != label || done >= total || now - state.moment >= .milliseconds(50)
        if isDue { state = State(label: done >= total ? nil : label, moment: now) }
        return isDue
      }
      if isHeard { show(label, done, total) }
    }
  }

  init(_ show: @escaping PluginProgress) {
    var table = tk_progress_v1()
    table.ctx = Unmanaged.passRetained(Context(show)).toOpaque()
    table.show = { table, label, done, total in
      guard let context = table?.pointee.ctx else { return }
      let total = max(0, Int(total))
      Unmanaged<Context>.fromOpaque(context).takeUnretainedValue()
        .hear(label, min(max(0, Int(done)), total), total)
    }
    pointer = .allocate(capacity: 1)
    pointer.initialize(to: table)
  }
}
