// swift-tools-version: 6.2
import PackageDescription

/// Two targets beside the tests: the plugin, and the entry, the C symbol that the host looks for.
let package = Package(
  name: "brevity",
  products: [.library(name: "brevity", type: .dynamic, targets: ["BrevityEntry"])],
  dependencies: [.package(name: "TaskKit", path: "../../../SDK/swift")],
  targets: [
    .target(name: "BrevityPlugin", dependencies: ["TaskKit"]),
    .target(
      name: "BrevityEntry",
      dependencies: ["BrevityPlugin", "TaskKit", .product(name: "CPluginABI", package: "TaskKit")]),
    .testTarget(name: "BrevityTests", dependencies: ["BrevityPlugin", "TaskKit"]),
  ],
  swiftLanguageModes: [.v6]
)
