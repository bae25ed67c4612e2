import Foundation
import JSON
import Testing

/// Runs the built `host`, which lies beside the tests with the bundled plugins.
struct HostProgram {
  /// How a run ended and what it wrote.
  struct Outcome {
    let code: Int32
    let output: String, errors: String

    /// Standard output as JSON.
    func json() throws -> JSONValue { try JSONValue(parsing: output) }
  }

  /// The folder of the built products.
  static let products = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent()

  /// The package's folder.
  static let package = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// Runs `host` with these arguments.
  static func run(_ arguments: String..., environment: [String: String] = [:]) throws -> Outcome {
    try run(arguments, environment: environment)
  }

  /// Runs `host` with these arguments.
  static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Outcome {
    try run(products.appending(path: "host"), arguments, environment)
  }

  /// Runs a shell line in which `host` is the program.
  static func shell(_ line: String) throws -> Outcome {
    let path = products.path + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
    return try run(URL(filePath: "/bin/bash"), ["-c", line], ["PATH": path])
  }

  /// Whether all of these programs can be found.
  static func has(_ programs: [String]) -> Bool {
    programs.allSatisfy { (try? shell("command -v \($0)"))?.code == 0 }
  }

  private static func run(
    _ program: URL, _ arguments: [String], _ environment: [String: String]
  ) throws -> Outcome {
    let scratch = try Scratch()
    let files = [scratch.url("output"), scratch.url("errors")]
    for file in files { try Data().write(to: file) }
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment
      .merging([
        "HOST_HOME": package.path, "HOST_THREADS": "2",
        "XDG_CACHE_HOME": scratch.url("cache").path,
      ]) { $1 }
      .merging(environment) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: files[0])
    process.standardError = try FileHandle(forWritingTo: files[1])
    try process.run()
    process.waitUntilExit()
    return Outcome(
      code: process.terminationStatus, output: try String(contentsOf: files[0], encoding: .utf8),
      errors: try String(contentsOf: files[1], encoding: .utf8))
  }
}

/// A folder that is removed with its owner.
final class Scratch: Sendable {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: "host-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// A file in the folder.
  func url(_ name: String) -> URL { folder.appending(path: name) }

  /// The path of a file in the folder.
  func path(_ name: String) -> String { url(name).path }

  /// Writes a file and returns its path.
  @discardableResult
  func write(_ text: String, to name: String) throws -> String {
    try Data(text.utf8).write(to: url(name))
    return path(name)
  }

  /// The names of what is in the folder, hidden ones too, sorted.
  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
  }

  /// Whether there is a file or folder of this name.
  func holds(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }
}
