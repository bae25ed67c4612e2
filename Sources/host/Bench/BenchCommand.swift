import ArgumentParser

/// `host bench`
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measures throughput against what the processor can do at best.",
    subcommands: [
      BenchTrain.self, BenchGenerate.self, BenchRollouts.self, BenchTokenizer.self, BenchData.self,
      BenchGemm.self, BenchPlugins.self, BenchRanks.self,
    ])
}
