import CPluginABI
import Synchronization

/// The services that this host offers to plugins, as a C table. One for each catalog, never freed:
/// a plugin may keep it.
final class HostTable: @unchecked Sendable {
  // Unchecked: written once; its functions may be called from any thread.
  let pointer: UnsafeMutablePointer<tk_host_v1>
  /// Every table, so that a leak checker finds what is kept on purpose.
  private static let all = Mutex<[HostTable]>([])

  private final class Context {
    let log: @Sendable (PluginLogLevel, String) -> Void
    let isCancelled: @Sendable () -> Bool
    let services: OfferedServices

    init(
      log: @escaping @Sendable (PluginLogLevel, String) -> Void,
      isCancelled: @escaping @Sendable () -> Bool, services: OfferedServices
    ) {
      self.log = log
      self.isCancelled = isCancelled
      self.services = services
    }
  }

  init(
    log: @escaping @Sendable (PluginLogLevel, String) -> Void,
    isCancelled: @escaping @Sendable () -> Bool, services: OfferedServices = OfferedServices()
  ) {
    let context = Context(log: log, isCancelled: isCancelled, services: services)
    var table = tk_host_v1()
    table.abi_minor = UInt32(TK_ABI_MINOR)
    table.struct_size = UInt32(MemoryLayout<tk_host_v1>.size)
    table.ctx = Unmanaged.passRetained(context).toOpaque()
    table.log = { host, level, message in
      guard let context = HostTable.context(host) else { return }
      context.log(PluginLogLevel(rawValue: level) ?? .info, String(message).printable)
    }
    table.cancelled = { host in
      HostTable.context(host)?.isCancelled() == true ? 1 : 0
    }
    table.service = { host, id in
      guard let id else { return nil }
      return HostTable.context(host)?.services.table(String(cString: id))
    }
    pointer = .allocate(capacity: 1)
    pointer.initialize(to: table)
    Self.all.withLock { $0.append(self) }
  }

  private static func context(_ host: UnsafePointer<tk_host_v1>?) -> Context? {
    host?.pointee.ctx.map { Unmanaged<Context>.fromOpaque($0).takeUnretainedValue() }
  }
}

/// How much a line of a plugin's log matters.
public enum PluginLogLevel: Int32, Sendable { case debug, info, warning, error }
