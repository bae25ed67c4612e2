import Formats
import JSON
import Tasks

/// What a run over sampled completions adds to its report: the curves of reward and length, and
/// completions from its beginning, middle and end.
struct RolloutReport {
  private let metrics: [JSONValue], completions: [JSONValue]

  /// Of the run in `folder`, by its logs.
  init(folder: String) throws {
    func rows(_ name: String) throws -> [JSONValue] {
      let path = folder + "/" + name
      guard FileSystem.exists(path) else { return [] }
      return try FileSystem.text(of: path).split(separator: "\n").compactMap {
        try? JSONValue(parsing: String($0))
      }
    }
    metrics = try rows("metrics.jsonl").filter { $0["frac_reward_zero_std"] != nil }
    completions = try rows("rewards.jsonl").filter { $0["advantage"] != nil }
  }

  /// Adds them.
  func add(to report: inout Report) {
    guard metrics.count > 1 else { return }
    let rewards = ["reward"] + rewardNames.map { "rewards/\($0)/mean" }
    report.charts += [
      chart("Reward of sampled completions", "reward", rewards.count > 2 ? rewards : ["reward"]),
      chart(
        "Length of sampled completions", "tokens",
        ["completions/mean_length", "completions/max_length"]),
    ]
    report.tables.append(table)
  }

  private var rewardNames: [String] {
    (metrics.first?.object ?? [:]).keys.compactMap { key in
      key.hasPrefix("rewards/") && key.hasSuffix("/mean")
        ? String(key.dropFirst("rewards/".count).dropLast("/mean".count)) : nil
    }
  }

  private func chart(_ title: String, _ quantity: String, _ names: [String]) -> Chart {
    let series = names.map { name in
      Chart.Scatter.Series(
        name: name,
        points: metrics.compactMap { row in
          guard let step = row["step"]?.double, let value = row[name]?.double else { return nil }
          return Chart.Scatter.Point(step, value)
        })
    }
    return Chart(
      title: title,
      content: .scatter(.init(series: series, x: .init("step"), y: .init(quantity, low: 0))))
  }

  /// The first group of the first, the middle and the last sampling.
  private var table: Table {
    var steps: [Int] = []
    for row in completions {
      if let step = row["step"]?.int, steps.last != step { steps.append(step) }
    }
    let shown = steps.isEmpty ? [] : [steps[0], steps[steps.count / 2], steps[steps.count - 1]]
    let rows = Set(shown).sorted().flatMap { step -> [JSONValue] in
      let all = completions.filter { $0["step"]?.int == step }
      return all.prefix { $0["row"] == all.first?["row"] }.prefix(4).map { $0 }
    }
    return Table(
      name: "completions", columns: ["step", "row", "completion", "reward", "advantage"],
      rows: rows.map { row in
        [
          Table.Cell(row["step"]?.double), Table.Cell(row["row"]?.double),
          .text(row["completion"]?.string ?? ""), Table.Cell(row["reward"]?.double),
          Table.Cell(row["advantage"]?.double),
        ]
      })
  }
}
