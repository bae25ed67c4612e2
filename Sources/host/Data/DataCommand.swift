import ArgumentParser

/// `host data`
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Shows, checks, exports and prepares a task's rows.",
    subcommands: [DataShow.self, DataAudit.self, DataExport.self, DataPrepare.self])
}
