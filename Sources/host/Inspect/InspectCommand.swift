import ArgumentParser

/// `host inspect`
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect", abstract: "Shows what is in a model, an adapter, a run.",
    subcommands: [
      InspectModel.self, InspectAdapter.self, InspectRun.self, InspectLogits.self,
      InspectTokens.self, InspectPrompt.self,
    ])
}
