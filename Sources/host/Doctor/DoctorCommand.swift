import ArgumentParser
import FoundationEssentials
import JSON
import PluginHost
import Ranks
import Runs
import Tensors

/// `host doctor`
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Shows what the program runs on, and warns of what slows it down.",
    discussion: """
      Measures what the processor does at best, how fast memory is read, and one
      product by our own kernels and by OpenBLAS. HOST_THREADS, HOST_INSTRUCTION_SET
      (portable, avx2, avx512), HOST_GEMM (packed, openblas) and HOST_BLAS_CORE (a
      name of OpenBLAS's) change what is used.

      Examples:
        host doctor
        host doctor --json
        HOST_THREADS=1 HOST_INSTRUCTION_SET=avx2 host doctor
      """)

  @OptionGroup var plugins: PluginOptions
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let launcher = try Launcher.found(in: ProcessInfo.processInfo.environment)
    // Of several processes one speaks.
    if let launcher, launcher.rank > 0 { return }
    let machine = Machine(), engine = EngineReport()
    let entries = plugins.catalog().list()
    if json {
      Console.print(report(machine, engine, entries).text(.pretty))
    } else {
      print(machine, engine)
      print(entries)
    }
    for warning in engine.warnings { Console.note("warning: " + warning) }
  }

  private func print(_ machine: Machine, _ engine: EngineReport) {
    var table = TextTable(("", .left), ("", .left))
    table.append("host", HostVersion.current)
    table.append("processor", machine.processor)
    table.append("features", machine.features.joined(separator: " "))
    table.append("threads", threads(engine.threads, machine.cores))
    for (name, value) in engine.lines { table.append(name, value) }
    table.append(
      "memory",
      "\(Format.bytes(machine.memory)), \(Format.bytes(machine.availableMemory)) available")
    table.append("plugin ABI", Plugin.abiVersion)
    let paths = HostPaths()
    table.append("tasks", paths.root.map { $0 + "/tasks" } ?? "none: \(paths.summary)")
    let launcher = try? Launcher.found(in: ProcessInfo.processInfo.environment)
    let transports = plugins.catalog().transports.joined(separator: ", ")
    table.append(
      "transports", transports.isEmpty ? "none; make transport builds one for an MPI" : transports)
    if let launcher {
      table.append(
        "launcher", "\(launcher.kind.command), rank \(launcher.rank) of \(launcher.count)")
    }
    Console.print(table.text)
  }

  private func threads(_ threads: Int, _ cores: Int) -> String {
    threads > cores
      ? "\(threads) on \(cores) cores this process may use, which is slower than \(cores)"
      : "\(threads) of \(cores) cores this process may use"
  }

  private func print(_ entries: [PluginCatalog.Entry]) {
    Console.print("\nplugin directories")
    var table = TextTable(("", .left), ("", .left), ("", .left))
    for directory in plugins.searchPaths.directories {
      let here = entries.filter { $0.path.hasPrefix(directory.path + "/") }
      let names = here.map { entry in
        switch entry.result {
        case .success(let plugin): "\(plugin.name) \(plugin.version)"
        case .failure(let reason):
          "\(entry.path.dropFirst(directory.path.count + 1)): \(reason)"
        }
      }
      table.append(
        "  " + directory.path, "(\(directory.origin))",
        names.isEmpty ? "-" : names.joined(separator: ", "))
    }
    Console.print(table.text)
  }

  private func report(
    _ machine: Machine, _ engine: EngineReport, _ entries: [PluginCatalog.Entry]
  ) -> JSONValue {
    let before: JSONValue = [
      "version": .string(HostVersion.current), "plugin_abi": .string(Plugin.abiVersion),
      "processor": .string(machine.processor),
      "features": .array(machine.features.map(JSONValue.string)), "cores": .int(machine.cores),
    ]
    let after: [(String, JSONValue)] = [
      ("memory_bytes", .int(machine.memory)),
      ("available_memory_bytes", .int(machine.availableMemory)),
      ("home", HostPaths().root.map(JSONValue.string) ?? .null),
      (
        "plugin_directories",
        .array(
          plugins.searchPaths.directories.map {
            ["path": .string($0.path), "origin": .string($0.origin)]
          })
      ),
      ("plugins", .array(entries.map(\.json))),
      ("transports", .array(plugins.catalog().transports.map(JSONValue.string))),
      ("warnings", .array(engine.warnings.map(JSONValue.string))),
    ]
    return (engine.fields + after).reduce(before) { $0.setting($1.0, $1.1) }
  }
}
