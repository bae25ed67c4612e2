// snippet: entry
import BrevityPlugin
import CPluginABI
import TaskKit

/// The one symbol that the host looks for. Keep it public: a release build drops it otherwise.
@c @implementation
public func tk_plugin_entry(_ hostABI: UInt32) -> UnsafePointer<tk_plugin_head>? {
  plugin.table(hostABI: hostABI)
}
// end snippet
