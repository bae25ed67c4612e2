import CHostSupport
import CPluginABI
import Glibc
import Tasks

/// Opening of shared libraries. None is ever closed: threads, destructors and type metadata of a
/// library outlive any moment at which that would be safe.
enum SharedObject {
  /// The entry function of the plugin at `path`. Libraries that the plugin needs and the system
  /// lacks are taken from `libraryDirectory`. Errors: one sentence without the path.
  static func entry(of path: String, libraryDirectory: String) throws(Fault)
    -> @convention(c) (UInt32) -> UnsafePointer<tk_plugin_head>?
  {
    try check(path)
    let handle = try open(path, libraryDirectory: libraryDirectory)
    guard let symbol = dlsym(handle, "tk_plugin_entry") else {
      throw Fault("not a plugin: it does not export 'tk_plugin_entry'")
    }
    return unsafeBitCast(
      symbol, to: (@convention(c) (UInt32) -> UnsafePointer<tk_plugin_head>?).self)
  }

  /// Why a library is not a usable plugin.
  struct Fault: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
  }

  private static func check(_ path: String) throws(Fault) {
    var reason: String?
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { text in
      guard hs_check_shared_object(path, text.baseAddress, text.count) != 0 else { return }
      reason = String(cString: text.baseAddress!)
    }
    if let reason { throw Fault(reason) }
  }

  private static func open(_ path: String, libraryDirectory: String) throws(Fault)
    -> UnsafeMutableRawPointer
  {
    var tried: Set<String> = []
    while true {
      if let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) { return handle }
      let reason = dlerror().map { String(cString: $0) } ?? "the system's loader gives no reason"
      // A library that is already loaded satisfies another one's need for it, by its name alone.
      guard let missing = missingLibrary(in: reason), tried.insert(missing).inserted,
        (try? check(libraryDirectory + "/" + missing)) != nil,
        dlopen(libraryDirectory + "/" + missing, RTLD_NOW | RTLD_LOCAL) != nil
      else {
        let prefix = path + ": "
        throw Fault(reason.hasPrefix(prefix) ? String(reason.dropFirst(prefix.count)) : reason)
      }
    }
  }

  /// `libFoundation.so` out of `libFoundation.so: cannot open shared object file: …`.
  private static func missingLibrary(in reason: String) -> String? {
    guard let colon = reason.firstIndex(of: ":"),
      reason[colon...].hasPrefix(": cannot open shared object file")
    else { return nil }
    let name = reason[..<colon]
    return name.contains("/") ? nil : String(name)
  }
}
