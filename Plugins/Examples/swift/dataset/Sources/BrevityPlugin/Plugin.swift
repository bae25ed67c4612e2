import TaskKit

// snippet: plugin
/// What this library offers to the host.
public let plugin = Plugin(
  name: "brevity", version: "1.0.0", exports: [.dataset(BrevityRows.self)])
// end snippet
