import CPluginABI

/// What the host offers to a plugin. Usable on any thread, for as long as the process lives.
public struct HostServices: @unchecked Sendable {
  // Unchecked: the table is constant and its functions may be called from any thread.
  private let table: UnsafePointer<tk_host_v1>?

  /// How much a line of the log matters.
  public enum Level: Int32, Sendable { case debug, info, warning, error }

  init(_ table: UnsafePointer<tk_host_v1>?) { self.table = table }

  /// No host at all, for tests: nothing is logged, nothing cancelled.
  public static let none = HostServices(nil)

  /// Writes a line to the host's log. Standard output belongs to the host: do not print.
  public func log(_ level: Level, _ message: String) {
    guard let table, let log = table.pointee.log else { return }
    message.withStr { log(table, level.rawValue, $0) }
  }

  /// Whether the user asked to stop. Long work polls it and throws `PluginError(.cancelled, …)`.
  public var isCancelled: Bool {
    guard let table, let cancelled = table.pointee.cancelled else { return false }
    return cancelled(table) != 0
  }
}
