import ArgumentParser

/// `host reward`
struct RewardCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reward", abstract: "Scores completions with reward plugins.",
    subcommands: [RewardTry.self], defaultSubcommand: RewardTry.self)
}
