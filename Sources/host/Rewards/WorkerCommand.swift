import ArgumentParser
import PluginHost

/// What the program runs as when it serves a plugin to another process of it.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: PluginWorker.verb,
    abstract: "Serves one plugin to the program that started this process.", shouldDisplay: false)

  func run() throws { PluginWorker.serve() }
}
