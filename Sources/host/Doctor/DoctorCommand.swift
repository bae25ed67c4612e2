import ArgumentParser
import JSON
import PluginHost
import Tensors

/// `host doctor`
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Shows what the program runs on, and warns of what slows it down.",
    discussion: """
      Measures the FMA ceiling of the processor and the rate of one 1024³ product.

      Examples:
        host doctor
        host doctor --json
        HOST_THREADS=1 host doctor
      """)

  @OptionGroup var plugins: PluginOptions
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
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
    table.append("host", HostCommand.version)
    table.append("processor", machine.processor)
    table.append("features", machine.features.joined(separator: " "))
    table.append("kernels", engine.instructionSet)
    table.append("OpenBLAS", engine.failure.map { "missing: \($0)" } ?? engine.core)
    if engine.failure == nil { table.append("", engine.configuration) }
    table.append("threads", "\(engine.threads) of \(machine.cores) cores this process may use")
    table.append("FMA ceiling", Format.fixed(engine.ceiling, 0) + " GFLOP/s")
    if let rate = engine.rate {
      table.append(
        "1024³ product",
        Format.fixed(rate, 0) + " GFLOP/s, "
          + Format.percent(rate / engine.ceiling) + " of the ceiling")
    }
    table.append(
      "memory",
      "\(Format.bytes(machine.memory)), \(Format.bytes(machine.availableMemory)) available")
    let paths = HostPaths()
    table.append("tasks", paths.root.map { $0 + "/tasks" } ?? "none: \(paths.summary)")
    Console.print(table.text)
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
    [
      "version": .string(HostCommand.version),
      "processor": .string(machine.processor),
      "features": .array(machine.features.map(JSONValue.string)),
      "kernels": .string(engine.instructionSet),
      "blas": engine.failure == nil
        ? ["core": .string(engine.core), "configuration": .string(engine.configuration)] : nil,
      "threads": .int(engine.threads), "cores": .int(machine.cores),
      "ceiling_gflops": .double(engine.ceiling),
      "product_gflops": engine.rate.map(JSONValue.double) ?? nil,
      "memory_bytes": .int(machine.memory),
      "available_memory_bytes": .int(machine.availableMemory),
      "home": HostPaths().root.map(JSONValue.string) ?? nil,
      "plugin_directories": .array(
        plugins.searchPaths.directories.map {
          ["path": .string($0.path), "origin": .string($0.origin)]
        }),
      "plugins": .array(entries.map(\.json)),
      "warnings": .array(engine.warnings.map(JSONValue.string)),
    ]
  }
}

/// What the engine is and reaches.
struct EngineReport {
  let failure: String?
  let instructionSet = Engine.instructionSet
  let core: String, configuration: String
  let threads = Parallel.threads
  let ceiling = Engine.ceiling()
  /// GFLOP/s of a 1024³ product; nil without OpenBLAS.
  let rate: Double?

  init() {
    failure = Engine.open()
    (core, configuration) = (Engine.blasCore, Engine.blasConfiguration)
    guard failure == nil else {
      rate = nil
      return
    }
    let weight = Weight.tensor(Tensor(rows: 1024, columns: 1024, repeating: 0.5))
    rate = Engine.productRate(m: 1024, n: 1024, k: 1024, weight: weight, repeats: 9).forward
  }

  var warnings: [String] {
    if let failure {
      return ["OpenBLAS is missing (\(failure)); install it: apt-get install libopenblas-dev"]
    }
    var found: [String] = []
    if let rate, rate < 0.5 * ceiling {
      found.append(
        "a 1024³ product reaches \(Format.percent(rate / ceiling)) of the ceiling; OpenBLAS uses "
          + "its '\(core)' kernels, or other programs use the processor")
    }
    return found
  }
}
