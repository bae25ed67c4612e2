import JSON
import PluginHost
import Runs
import Synchronization
import Tasks

/// A reward that keeps time.
final class TriedReward: Reward {
  /// What was opened, and how long that took.
  let opened: OpenedReward, makingTime: Duration
  private let times = Mutex<[Duration]>([])

  /// Opens the reward that `request` names.
  init(_ request: RewardRequest, in catalog: PluginCatalog) throws {
    let clock = ContinuousClock(), start = clock.now
    opened = try catalog.reward(request)
    makingTime = clock.now - start
  }

  func score(_ completions: [Completion]) throws(TaskError) -> [RewardOutcome] {
    let clock = ContinuousClock(), start = clock.now
    defer { times.withLock { $0.append(clock.now - start) } }
    return try opened.reward.score(completions)
  }

  /// Batches so far, and the time that they took.
  var batches: Int { times.withLock(\.count) }
  var scoringTime: Duration { times.withLock { $0.reduce(.zero, +) } }
}

/// What `reward try` found.
struct RewardTrial: CustomStringConvertible {
  let panel: RewardPanel
  let rewards: [TriedReward]
  let scored: [ScoredCompletion]
  /// Rows that the table shows; the files hold all.
  private static let shownRows = 40

  /// A name for each: the export's, or the file's where two rewards share the former.
  static func labels(_ rewards: [TriedReward]) -> [String] {
    let names = rewards.map(\.opened.name)
    guard Set(names).count < names.count else { return names }
    let files = rewards.map { reward in
      let file = reward.opened.path.split(separator: "/").last.map(String.init) ?? ""
      return (file.hasSuffix(".so") ? String(file.dropLast(3)) : file) + ":" + reward.opened.name
    }
    guard Set(files).count < files.count else { return files }
    return files.enumerated().map { "\($0.offset + 1):\($0.element)" }
  }

  // MARK: For a person

  /// The rows' table, then one line for each reward.
  var description: String { rowsTable + "\n\n" + summary + abstentions }

  private var rowsTable: String {
    let columns = panel.members.map { member in (member.name, components(of: member.name)) }
    var heads: [(String, TextTable.Alignment)] = [("#", .right)]
    for (name, parts) in columns {
      heads.append((name, .right))
      heads += parts.map { ($0, .right) }
    }
    heads.append(("completion", .left))
    var table = TextTable(columns: heads)
    for (index, row) in scored.prefix(Self.shownRows).enumerated() {
      var cells = ["\(index)"]
      for (name, parts) in columns {
        let outcome = row.outcomes[name]
        cells.append(text(row, name))
        cells += parts.map { part in
          outcome?.components.first { $0.name == part }.map { Format.short($0.value) } ?? "–"
        }
      }
      table.append(row: cells + [Self.excerpt(row.completion.text)])
    }
    let rest = scored.count - Self.shownRows
    return table.text + (rest > 0 ? "\n… and \(Format.grouped(rest)) rows more" : "")
  }

  private func text(_ row: ScoredCompletion, _ name: String) -> String {
    if row.errors[name] != nil { return "failed" }
    return row.outcomes[name]?.score.map(Format.short) ?? "abstains"
  }

  private func components(of name: String) -> [String] {
    scored.reduce(into: []) { names, row in
      for part in row.outcomes[name]?.components ?? [] where !names.contains(part.name) {
        names.append(part.name)
      }
    }
  }

  private static func excerpt(_ text: String) -> String {
    let line = String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 })
    return line.count > 40 ? line.prefix(39) + "…" : line
  }

  private var summary: String {
    var table = TextTable(
      ("reward", .left), ("mean", .right), ("lowest", .right), ("highest", .right),
      ("scored", .right), ("abstained", .right), ("failed", .right), ("made in", .right),
      ("a batch", .right), ("runs", .left))
    for (member, reward) in zip(panel.members, rewards) {
      let result = RewardSummary(scored, member.name)
      table.append(
        member.name, result.mean.map(Format.short) ?? "–", result.lowest.map(Format.short) ?? "–",
        result.highest.map(Format.short) ?? "–", "\(result.scores.count)", "\(result.abstained)",
        "\(result.failed)", Self.time(reward.makingTime),
        Self.time(reward.scoringTime / max(1, reward.batches)),
        reward.opened.isIsolated ? "in a worker" : "in process")
    }
    return table.text
  }

  /// Why rows have no score, each reason once with its first row.
  private var abstentions: String {
    var lines: [String] = []
    for member in panel.members {
      var seen: [String: (first: Int, count: Int)] = [:], order: [String] = []
      for (index, row) in scored.enumerated() {
        guard case .abstain(let reason, _) = row.outcomes[member.name] else { continue }
        if seen[reason] == nil { order.append(reason) }
        seen[reason] = (seen[reason]?.first ?? index, (seen[reason]?.count ?? 0) + 1)
      }
      for reason in order {
        let (first, count) = seen[reason] ?? (0, 0)
        let place = count == 1 ? "row \(first)" : "\(count) rows, the first of them \(first)"
        lines.append("\(member.name): \(place): \(reason)")
      }
    }
    return lines.isEmpty ? "" : "\n\n" + lines.joined(separator: "\n")
  }

  private static func time(_ duration: Duration) -> String {
    let microseconds = duration / .microseconds(1)
    return microseconds < 1000
      ? Format.fixed(microseconds, 1) + " µs" : Format.fixed(microseconds / 1000, 2) + " ms"
  }

  // MARK: For a program

  var json: JSONValue {
    let entries = zip(panel.members, rewards).map { member, reward -> JSONValue in
      let result = RewardSummary(scored, member.name)
      return [
        "name": .string(member.name), "path": .string(reward.opened.path),
        "isolated": .bool(reward.opened.isIsolated), "scored": .int(result.scores.count),
        "abstained": .int(result.abstained), "failed": .int(result.failed),
        "mean": result.mean.map(JSONValue.double) ?? .null,
        "making_seconds": .double(reward.makingTime / .seconds(1)),
        "batches": .int(reward.batches),
        "scoring_seconds": .double(reward.scoringTime / .seconds(1)),
      ]
    }
    return ["rewards": .array(entries), "rows": .array(scored.map(\.json))]
  }
}

/// What a reward said of all rows.
struct RewardSummary {
  let scores: [Double], abstained: Int, failed: Int

  init(_ scored: [ScoredCompletion], _ name: String) {
    scores = scored.compactMap { $0.outcomes[name]?.score }
    failed = scored.count { $0.errors[name] != nil }
    abstained = scored.count - scores.count - failed
  }

  var mean: Double? { scores.isEmpty ? nil : scores.reduce(0, +) / Double(scores.count) }
  var lowest: Double? { scores.min() }
  var highest: Double? { scores.max() }
}
