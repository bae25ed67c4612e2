import FoundationEssentials
import PluginHost
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// A directory of its own in which a test builds small plugins with the system's C compiler.
final class Workshop: Sendable {
  let directory: String
  private static let sources = String(#filePath.dropLast("/Workshop.swift".count))
  /// The built program, which workers run; it lies beside the tests.
  static let host = PluginSearchPaths.runningExecutableDirectory + "/host"
  static let hasCompiler = FileManager.default.isExecutableFile(atPath: "/usr/bin/cc")

  init() throws {
    let temporary = FileManager.default.temporaryDirectory.path
    directory = temporary + "/plugin-host-tests-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
    try FileManager.default.createDirectory(
      atPath: directory + "/bin", withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: directory) }

  /// Builds `lib<name>.so` from C text behind `#include "CPluginABI.h"`; the path.
  @discardableResult
  func build(_ name: String, _ source: String, _ options: [String] = []) throws -> String {
    let file = "\(directory)/\(name).c"
    try write("#include \"CPluginABI.h\"\n#include <stdlib.h>\n" + source, to: file)
    return try compile(file, to: "\(directory)/lib\(name).so", ["-shared"] + options)
  }

  /// Builds the plugin of `Tests/Goldens/plugin_host/echo.c`; the path.
  @discardableResult
  func buildEcho(as name: String = "echo") throws -> String {
    let options = ["-shared", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE"]
    return try compile(
      Self.sources + "/../Goldens/plugin_host/echo.c", to: "\(directory)/lib\(name).so", options)
  }

  /// Runs the compiler; the path of its output.
  func compile(_ source: String, to output: String, _ options: [String]) throws -> String {
    let include = Self.sources + "/../../Sources/CPluginABI/include"
    let words =
      ["cc", "-std=gnu11", "-fPIC", "-fvisibility=hidden", "-I\(include)", source] + options
      + ["-o", output]
    try #require(run("/usr/bin/cc", words).status == 0, "cc failed on \(source)")
    return output
  }

  func write(_ text: String, to path: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  /// A catalog that looks into this directory alone.
  func catalog(
    log: @escaping @Sendable (PluginLogLevel, String) -> Void = { _, _ in }
  ) -> PluginCatalog {
    let paths = PluginSearchPaths(
      directories: [.init(path: directory, origin: "--plugin-dir")],
      executableDirectory: directory + "/bin")
    return PluginCatalog(searchPaths: paths, log: log)
  }

  /// Why the plugin at `path` is not usable.
  func refusal(_ path: String) -> String? {
    let error = #expect(throws: (any Error).self) { try catalog().task(named: path) }
    return error.map { "\($0)" }
  }
}

/// Runs a program; how it ended (the exit code, or minus the signal) and what it wrote to
/// standard error.
func run(_ program: String, _ words: [String]) -> (status: Int32, errors: String) {
  var actions = posix_spawn_file_actions_t()
  posix_spawn_file_actions_init(&actions)
  defer { posix_spawn_file_actions_destroy(&actions) }
  var ends: [Int32] = [0, 0]
  pipe(&ends)
  posix_spawn_file_actions_adddup2(&actions, ends[1], 2)
  posix_spawn_file_actions_addclose(&actions, ends[0])
  var arguments = words.map { strdup($0) } + [nil]
  defer { arguments.forEach { free($0) } }
  var process = pid_t()
  let code = posix_spawn(&process, program, &actions, nil, &arguments, environ)
  close(ends[1])
  var errors: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while case let count = read(ends[0], &buffer, buffer.count), count > 0 {
    errors += buffer[..<count]
  }
  close(ends[0])
  guard code == 0 else { return (127, "cannot start \(program)") }
  var status: Int32 = 0
  waitpid(process, &status, 0)
  let signal = status & 0x7F
  return (signal == 0 ? (status >> 8) & 0xFF : -signal, String(decoding: errors, as: UTF8.self))
}
