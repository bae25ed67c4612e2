import ArgumentParser

/// `host data`
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Shows, checks and exports a task's rows.",
    subcommands: [DataShow.self, DataAudit.self, DataExport.self])
}
