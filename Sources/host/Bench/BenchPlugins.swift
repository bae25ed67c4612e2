import ArgumentParser
import Formats
import JSON
import PluginHost
import Runs
import Tasks

/// `host bench plugins`
struct BenchPlugins: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plugins", abstract: "Times what the way through the plugin door costs.",
    discussion: """
      --reward scores one batch of synthetic completions again and again, in this
      process and in a worker, --task reads rows of a task's dataset likewise. The plugin's
      own work is part of the time: take one that does nothing to see the door
      alone.

      Examples:
        host bench plugins --reward ./libnoop.so --batch 64 --bytes 1024
        host bench plugins --task instruct --rounds 20000 --json
      """)

  @Option(help: ArgumentHelp("A reward: a name or a plugin file.", valueName: "name"))
  var reward: String?
  @Option(help: ArgumentHelp("The reward's configuration.", valueName: "json"))
  var rewardConfig = "{}"
  @Option(help: ArgumentHelp("Completions in a batch.", valueName: "rows")) var batch = 64
  @Option(help: ArgumentHelp("Bytes of a completion.", valueName: "bytes")) var bytes = 1024
  @Option(help: ArgumentHelp("Timed rounds.", valueName: "rounds")) var rounds = 2000
  @OptionGroup var task: TaskOptions
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard batch > 0, bytes > 0, rounds > 0 else {
      throw ValidationError("--batch, --bytes and --rounds must be greater than 0.")
    }
    guard reward != nil || task.task != nil || task.recipe.config != nil else {
      throw ValidationError("Name a --reward or a --task.")
    }
  }

  func run() throws {
    var results: [(name: String, times: [Double])] = []
    if let reward {
      for isIsolated in [false, true] {
        results.append(
          (isIsolated ? "batch in a worker" : "batch in process", try times(reward, isIsolated)))
      }
    }
    if task.task != nil || task.recipe.config != nil {
      for isIsolated in [false, true] {
        results.append(
          (isIsolated ? "row in a worker" : "row in process", try rowTimes(isIsolated)))
      }
    }
    if json {
      let entries = results.map { ($0.name, Self.json($0.times)) }
      return Console.print(JSONValue.object(.init(uniqueKeysWithValues: entries)).text(.pretty))
    }
    // Rows come out of a worker in batches, so that their mean says more than their median.
    var table = TextTable(
      ("", .left), ("median", .right), ("mean", .right), ("fastest", .right), ("rounds", .right))
    for (name, times) in results {
      table.append(
        name, Self.text(Rates(times).median),
        Self.text(times.reduce(0, +) / Double(times.count)), Self.text(times.min() ?? 0),
        Format.grouped(times.count))
    }
    Console.print(table.text)
  }

  private func times(_ name: String, _ isIsolated: Bool) throws -> [Double] {
    guard let configuration = try? JSONValue(parsing: rewardConfig), configuration.object != nil
    else {
      throw Diagnosis(Diagnosis.usage, "--reward-config \(rewardConfig): not a JSON object")
    }
    let catalog = task.plugins.catalog()
    let request = RewardRequest(
      name: name, configuration: configuration, isIsolated: isIsolated)
    let reward = try catalog.reward(request).reward
    let completions = (0..<batch).map { index in
      Completion(
        prompt: "Question \(index): what is it that moves the sun and the other stars?",
        text: String(repeating: "The sea is calm tonight. ", count: bytes / 25 + 1)
          .prefix(bytes).description, group: index)
    }
    return try time { _ in _ = try reward.score(completions) }
  }

  private func rowTimes(_ isIsolated: Bool) throws -> [Double] {
    let assembled = try task.assemble(), recipe = assembled.recipe
    let task = assembled.task.isolating(isIsolated, limits: WorkerLimits())
    guard
      let rows = try task.dataset(split: .train, configuration: recipe.dataConfiguration),
      rows.count > 0
    else { throw Diagnosis(Diagnosis.data, "the task has no rows in the split 'train'") }
    return try time { round in
      _ = try rows.example(at: round % rows.count, epoch: 0, seed: UInt64(recipe.training.seed))
    }
  }

  /// Microseconds of each round, after as many as a tenth to warm up.
  private func time(_ body: (Int) throws -> Void) rethrows -> [Double] {
    let clock = ContinuousClock()
    for round in 0..<max(1, rounds / 10) { try body(round) }
    return try (0..<rounds).map { round in
      let start = clock.now
      try body(round)
      return (clock.now - start) / .microseconds(1)
    }
  }

  private static func text(_ microseconds: Double) -> String {
    Format.fixed(microseconds, 2) + " µs"
  }

  private static func json(_ times: [Double]) -> JSONValue {
    [
      "median_microseconds": .double(Rates(times).median),
      "fastest_microseconds": .double(times.min() ?? 0), "rounds": .int(times.count),
    ]
  }
}
