import ArgumentParser
import JSON
import Tasks

/// `host data audit`
struct DataAudit: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Reads all rows and says what a run would stumble over.",
    discussion: """
      Lengths in tokens and characters, rows longer than max_length, rows that cannot be read,
      duplicates within a split and between the splits, the share of trained tokens. Ends with
      exit code 65 when a row cannot be read.

      Examples:
        host data audit --task hri_dialogue
        host data audit --config mine.yaml --json
      """)

  @OptionGroup var task: TaskOptions
  @Flag(help: "Print one JSON object.") var json = false

  func run() throws {
    let session = try TaskSession(task.assemble())
    var audits: [SplitAudit] = []
    for split in Split.allCases {
      guard let data = try session.dataset(split) else { continue }
      audits.append(SplitAudit(split, data, session))
    }
    let training = audits.first { $0.split == .train }
    let overlaps = audits.filter { $0.split != .train }.map { audit in
      (audit.split, training.map { audit.overlap(with: $0) } ?? Overlap())
    }
    if json {
      Console.print(report(audits, overlaps).text(.pretty))
    } else {
      print(audits, overlaps, session.recipe.training.maximumLength)
    }
    let faulty = audits.reduce(0) { $0 + $1.faults.count }
    guard faulty == 0 else {
      throw Diagnosis(Diagnosis.data, "\(faulty) rows cannot be used; they are listed above")
    }
  }

  private func print(_ audits: [SplitAudit], _ overlaps: [(Split, Overlap)], _ maximum: Int) {
    var table = TextTable(
      ("split", .left), ("rows", .right), ("tokens", .right), ("trained", .right), ("p50", .right),
      ("p90", .right), ("p99", .right), ("max", .right), ("characters p50", .right),
      ("max", .right), ("over \(maximum)", .right), ("twice", .right), ("unusable", .right))
    for audit in audits {
      let tokens = Percentiles(audit.lengths), characters = Percentiles(audit.characters)
      table.append(
        audit.split.rawValue, Format.grouped(audit.rows), Format.grouped(audit.tokens),
        Format.percent(audit.trainedShare), "\(tokens.p50)", "\(tokens.p90)", "\(tokens.p99)",
        "\(tokens.maximum)", "\(characters.p50)", "\(characters.maximum)",
        "\(audit.overlength.count)",
        "\(audit.duplicates)", "\(audit.faults.count)")
    }
    Console.print(table.text)
    for (split, overlap) in overlaps where overlap.prompts > 0 {
      Console.print(
        "\(split.rawValue): \(overlap.prompts) rows ask what a training row asks, "
          + "\(overlap.conversations) of them with the same answer")
    }
    for audit in audits {
      for row in audit.overlength.prefix(8) {
        Console.print("\(audit.split.rawValue) row \(row.row): \(row.length) tokens")
      }
      for fault in audit.faults.prefix(8) { Console.note("host: \(fault)") }
    }
  }

  private func report(_ audits: [SplitAudit], _ overlaps: [(Split, Overlap)]) -> JSONValue {
    var report = JSONValue.emptyObject
    for audit in audits { report = report.setting(audit.split.rawValue, audit.json) }
    for (split, overlap) in overlaps {
      let entry = (report[split.rawValue] ?? .emptyObject)
        .setting("prompts_in_train", .int(overlap.prompts))
        .setting("conversations_in_train", .int(overlap.conversations))
      report = report.setting(split.rawValue, entry)
    }
    return report
  }
}
