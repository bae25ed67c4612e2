import CPluginABI
import Preference
import TaskKit

/// The one symbol that the library exports.
@c @implementation
public func tk_plugin_entry(_ hostABI: UInt32) -> UnsafePointer<tk_plugin_head>? {
  plugin.table(hostABI: hostABI)
}
