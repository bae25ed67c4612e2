import ArgumentParser

/// `host audio`
struct AudioCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audio", abstract: "Looks at audio files as a plugin reads them.",
    subcommands: [AudioProbeCommand.self])
}
