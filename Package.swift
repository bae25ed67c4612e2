// swift-tools-version: 6.2
import PackageDescription

/// A task plugin shipped with the host. Two targets: the module (which tests import) and the entry
/// (one exported C symbol; two modules that both held it could not be linked into one test binary).
struct BundledPlugin {
  var name: String
  var module: String
  var dependencies: [Target.Dependency] = []

  var product: Product { .library(name: name, type: .dynamic, targets: [module + "Entry"]) }

  var targets: [Target] {
    let exports = Context.packageDirectory + "/Plugins/exports.map"
    return [
      .target(
        name: module, dependencies: ["TaskKit"] + dependencies,
        path: "Plugins/\(module)/Sources"),
      .target(
        name: module + "Entry",
        dependencies: ["TaskKit", "CPluginABI", .target(name: module)],
        path: "Plugins/\(module)/Entry",
        linkerSettings: [
          .unsafeFlags(["-Xlinker", "--version-script=\(exports)"]), libraries(in: "$ORIGIN/.."),
        ]),
    ]
  }
}

/// Where an installed file finds the Swift runtime, seen from its own folder ($ORIGIN). SwiftPM puts
/// the toolchain's folder before it; `make install` takes that out.
func libraries(in folder: String) -> LinkerSetting {
  .unsafeFlags(["-Xlinker", "-rpath=\(folder)"])
}

let plugins = [
  BundledPlugin(name: "hri_dialogue", module: "HRIDialogue"),
  BundledPlugin(name: "instruct", module: "Instruct"),
  BundledPlugin(name: "preference", module: "Preference"),
  BundledPlugin(name: "recommendation", module: "Recommendation"),
  BundledPlugin(
    name: "speech_drama", module: "SpeechDrama",
    dependencies: ["CLogMel", "CSHA256", "CSamplerate", "CSndfile"]),
]

let arguments = Target.Dependency.product(
  name: "ArgumentParser", package: "swift-argument-parser")
let collections = Target.Dependency.product(
  name: "OrderedCollections", package: "swift-collections")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

let package = Package(
  name: "host",
  products: [
    .executable(name: "host", targets: ["host"]), .library(name: "TaskKit", targets: ["TaskKit"]),
    .library(name: "CPluginABI", targets: ["CPluginABI"]),
  ] + plugins.map(\.product),
  // Exact, so that a release is built from what it was tested with. Package.resolved would name
  // commits, which mirrors of these repositories need not share.
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    // Floor 0. Kernels are always optimized: at -O0, SwiftPM's default for debug builds, one
    // training step of the test models takes minutes (-O0 runs the loops about 30 times slower).
    .target(
      name: "CKernels",
      cSettings: [.unsafeFlags(["-O3", "-fno-math-errno"])],
      linkerSettings: [.linkedLibrary("m"), .linkedLibrary("dl"), .linkedLibrary("pthread")]),
    .target(name: "CPluginABI", exclude: ["ABI.md"]),
    .target(name: "CHostSupport"),
    .target(name: "CSHA256", cSettings: [.unsafeFlags(["-O3"])]),
    .target(name: "CCRC32C", cSettings: [.unsafeFlags(["-O3"])]),
    .target(name: "CCurl", linkerSettings: [.linkedLibrary("dl"), .linkedLibrary("pthread")]),
    .target(name: "Names"),
    .target(name: "Threads"),
    // Floor 1
    .target(name: "JSON", dependencies: [collections]),
    .target(name: "Tensors", dependencies: ["CKernels"]),
    // Floor 2
    .target(name: "Text", dependencies: ["JSON"]),
    .target(
      name: "Formats",
      dependencies: [
        "CHostSupport", "CSHA256", "JSON", "Names", "Tensors", collections, yams,
      ]),
    .target(name: "Ranks", dependencies: ["CCRC32C", "Threads"]),
    // Floor 3
    .target(name: "Hub", dependencies: ["CCurl", "Formats", "JSON"]),
    .target(name: "Tracking", dependencies: ["CCRC32C", "Formats", "JSON", collections]),
    .target(name: "Tasks", dependencies: ["JSON", "Text", collections]),
    .target(
      name: "PluginHost",
      dependencies: [
        "CHostSupport", "CPluginABI", "JSON", "Names", "Ranks", "Tasks", "Text", "Threads",
        collections,
      ]),
    // Floor 4
    .target(name: "Layers", dependencies: ["Tensors"]),
    // Floor 5
    .target(name: "Models", dependencies: ["Formats", "Layers", "Tasks", "Tensors"]),
    .target(
      name: "Adapters",
      dependencies: ["Formats", "JSON", "Layers", "Names", "Tensors", collections]),
    .target(name: "Objectives", dependencies: ["Formats", "Tasks"]),
    // Floor 6
    .target(
      name: "Generation", dependencies: ["Models", "Tasks", "Tensors"]),
    .target(name: "Rows", dependencies: ["Formats", "JSON", "Models", "Tasks", "Tensors"]),
    // Floor 7
    .target(
      name: "Training",
      dependencies: [
        "Adapters", "Formats", "Generation", "JSON", "Layers", "Models", "Objectives", "Ranks",
        "Rows", "Tasks", "Tensors", "Tracking", collections,
      ]),
    .target(name: "Evaluation", dependencies: ["JSON", "Ranks", "Tasks"]),
    .target(
      name: "Benchmarks",
      dependencies: ["Formats", "Generation", "JSON", "Models", "Tasks", "Text", collections]),
    // Floor 8
    .target(
      name: "Runs",
      dependencies: [
        "Adapters", "Benchmarks", "CHostSupport", "Evaluation", "Formats", "Generation", "Hub",
        "JSON", "Layers", "Models", "Names", "Objectives", "PluginHost", "Ranks", "Rows", "Tasks",
        "Tensors", "Text", "Threads", "Tracking", "Training", collections,
      ]),
    // Floor 9
    .executableTarget(
      name: "host",
      dependencies: [
        "Adapters", "Benchmarks", "CHostSupport", "Evaluation", "Formats", "Generation", "Hub",
        "JSON", "Layers", "Models", "Names", "PluginHost", "Ranks", "Rows", "Runs", "Tasks",
        "Tensors", "Text", "Threads", "Tracking", "Training", arguments,
      ],
      linkerSettings: [libraries(in: "$ORIGIN/../lib/host")]),
    // The SDK for plugin authors: the ABI header and nothing else of this package.
    .target(name: "TaskKit", dependencies: ["CPluginABI"]),
    // speech_drama's own: the log-mel front, and the two system libraries that it alone links.
    .target(
      name: "CLogMel", path: "Plugins/SpeechDrama/CLogMel",
      cSettings: [.unsafeFlags(["-O3", "-fno-math-errno"])],
      linkerSettings: [.linkedLibrary("m")]),
    .systemLibrary(
      name: "CSndfile", path: "Plugins/SpeechDrama/CSndfile", pkgConfig: "sndfile",
      providers: [.apt(["libsndfile1-dev"])]),
    .systemLibrary(
      name: "CSamplerate", path: "Plugins/SpeechDrama/CSamplerate", pkgConfig: "samplerate",
      providers: [.apt(["libsamplerate0-dev"])]),

    // What several test targets compare with.
    .testTarget(name: "TestSupport", dependencies: ["Ranks", "Tensors", "Threads"]),
    .testTarget(name: "NamesTests", dependencies: ["Names"]),
    .testTarget(name: "JSONTests", dependencies: ["JSON"]),
    .testTarget(name: "TensorsTests", dependencies: ["CKernels", "Tensors", "TestSupport"]),
    .testTarget(name: "RanksTests", dependencies: ["CCRC32C", "Ranks", "TestSupport"]),
    .testTarget(name: "TextTests", dependencies: ["JSON", "Text"]),
    .testTarget(name: "FormatsTests", dependencies: ["Formats", "JSON", "Tensors"]),
    .testTarget(name: "HubTests", dependencies: ["Formats", "Hub", "JSON", "Threads"]),
    .testTarget(name: "TrackingTests", dependencies: ["Formats", "JSON", "Tracking"]),
    .testTarget(name: "TasksTests", dependencies: ["JSON", "Tasks", "Text"]),
    .testTarget(
      name: "PluginHostTests",
      dependencies: [
        "CPluginABI", "CHostSupport", "JSON", "PluginHost", "Ranks", "TaskKit", "Tasks",
      ]),
    .testTarget(
      name: "ModelsTests",
      dependencies: [
        "Adapters", "Formats", "JSON", "Layers", "Models", "Tensors", "TestSupport",
      ]),
    .testTarget(
      name: "AdaptersTests",
      dependencies: [
        "Adapters", "Formats", "JSON", "Layers", "Models", "Tensors", "TestSupport",
      ]),
    .testTarget(
      name: "ObjectivesTests",
      dependencies: ["Formats", "JSON", "Objectives", "Tasks", "TestSupport"]),
    .testTarget(
      name: "RowsTests",
      dependencies: ["Formats", "JSON", "Models", "Rows", "Tasks", "Tensors", "Text"]),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Adapters", "Formats", "Generation", "JSON", "Layers", "Models", "Objectives", "Ranks",
        "Rows", "Tasks", "Tensors", "Text", "Tracking", "Training", "TestSupport",
      ]),
    .testTarget(
      name: "GenerationTests",
      dependencies: [
        "Adapters", "CKernels", "Formats", "Generation", "JSON", "Layers", "Models", "Tasks",
        "Tensors", "TestSupport",
      ]),
    .testTarget(name: "EvaluationTests", dependencies: ["Evaluation", "JSON", "Tasks"]),
    .testTarget(
      name: "BenchmarksTests",
      dependencies: [
        "Benchmarks", "Formats", "Generation", "JSON", "Models", "Tasks", "TestSupport", "Text",
      ]),
    .testTarget(
      name: "RunsTests",
      dependencies: [
        "Adapters", "Formats", "JSON", "Layers", "Models", "PluginHost", "Ranks", "Runs", "Tasks",
        "Tensors", "TestSupport", "Training",
      ]),
    .testTarget(name: "HRIDialogueTests", dependencies: ["HRIDialogue", "TaskKit"]),
    .testTarget(name: "InstructTests", dependencies: ["Instruct", "TaskKit"]),
    .testTarget(name: "PreferenceTests", dependencies: ["Preference", "TaskKit"]),
    .testTarget(name: "RecommendationTests", dependencies: ["Recommendation", "TaskKit"]),
    .testTarget(
      name: "SpeechDramaTests",
      dependencies: ["CLogMel", "CSamplerate", "CSndfile", "SpeechDrama", "TaskKit", "TestSupport"]),
    .testTarget(name: "HostTests", dependencies: ["Formats", "JSON", "TestSupport", "Tensors"]),
  ] + plugins.flatMap(\.targets),
  swiftLanguageModes: [.v6]
)
