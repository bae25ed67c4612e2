// swift-tools-version: 6.2
import PackageDescription

/// What a plugin in Swift needs, and nothing else of the host.
let package = Package(
  name: "TaskKit",
  products: [
    .library(name: "TaskKit", targets: ["TaskKit"]),
    .library(name: "CPluginABI", targets: ["CPluginABI"]),
  ],
  targets: [
    .target(name: "CPluginABI", exclude: ["ABI.md"]),
    .target(name: "TaskKit", dependencies: ["CPluginABI"]),
  ],
  swiftLanguageModes: [.v6]
)
