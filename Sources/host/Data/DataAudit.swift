import ArgumentParser
import JSON
import Runs
import Tasks

/// `host data audit`
struct DataAudit: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Reads all rows and says what a run would stumble over.",
    discussion: """
      For each split: lengths (least, mean, percentiles), rows longer than
      max_length, the longest rows by what tells them apart, rows that cannot be
      read, duplicates within it and in other splits, the share of trained tokens,
      columns that are not used, text of the assistant that the chat template
      leaves out. Of preference pairs also the lengths of both answers and how often
      the chosen one is longer. Ends with exit code 65 when a row cannot be read, or
      is of another kind than the recipe's objective learns.

      --chars needs neither tokenizer nor model: lengths, and --max-length where it
      is given, count characters.

      Examples:
        host data audit --task hri_dialogue
        host data audit --config mine.yaml --percentiles 50,99,100 --longest 10
        host data audit --config mine.yaml --chars --max-length 4000 --json
      """)

  @OptionGroup var task: TaskOptions
  @Option(help: ArgumentHelp("Percentiles of the lengths.", valueName: "list"))
  var percentiles = PercentileList([50, 90, 95, 99, 100])
  @Option(help: ArgumentHelp("Show this many of the longest rows.", valueName: "rows"))
  var longest = 3
  @Flag(help: "Measure characters; no tokenizer is opened.") var chars = false
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard longest >= 0 else { throw ValidationError("--longest must be 0 or greater.") }
  }

  func run() throws {
    let assembled = try task.assemble(), session = chars ? nil : try TaskSession(assembled)
    let recipe = assembled.recipe
    // The recipe's max_length counts tokens.
    let maximum = chars && task.maximumLength == nil ? nil : recipe.training.maximumLength
    let measure = SplitAudit.Measure(
      encoder: session?.encoder, assistantTurns: session?.assistantTurns ?? .asRendered,
      kind: session?.rowKind ?? .texts, maximumLength: maximum, longest: longest,
      seed: UInt64(recipe.training.seed))
    var audits: [SplitAudit] = []
    for split in Split.allCases {
      let data = try assembled.task.dataset(split: split, configuration: recipe.dataConfiguration)
      if let data { audits.append(SplitAudit(split, data, measure, tell: .console)) }
    }
    let overlaps = audits.indices.flatMap { index in
      audits[..<index].map { audits[index].overlap(with: $0) }
    }
    if json {
      Console.print(report(audits, overlaps).text(.pretty))
    } else {
      Console.print(lengths(audits, measure))
      printPreferences(audits)
      printRows(audits, overlaps)
    }
    let faulty = audits.reduce(0) { $0 + $1.faults.count }
    guard faulty == 0 else {
      throw Diagnosis(Diagnosis.data, "\(faulty) rows cannot be used; they are listed above")
    }
  }

  private func lengths(_ audits: [SplitAudit], _ measure: SplitAudit.Measure) -> String {
    let trained = chars ? [] : ["trained"]
    let titles =
      ["rows", measure.unit] + trained + ["min", "mean"] + percentiles.percents.map { "p\($0)" }
      + (measure.maximumLength.map { ["over \($0)", "share"] } ?? []) + ["twice", "unusable"]
    var table = TextTable(columns: [("split", .left)] + titles.map { ($0, .right) })
    for audit in audits {
      let lengths = Percentiles(audit.lengths)
      let numbers =
        ["\(lengths.minimum)", Format.fixed(lengths.mean, 1)]
        + percentiles.percents.map { "\(lengths[$0])" }
      table.append(
        row: [
          audit.split.rawValue, Format.grouped(audit.rows), Format.grouped(audit.total),
        ] + (audit.trainedShare.map { [Format.percent($0)] } ?? []) + numbers
          + (measure.maximumLength == nil
            ? [] : ["\(audit.overlength.count)", Format.percent(audit.overlengthShare)])
          + ["\(audit.duplicates)", "\(audit.faults.count)"])
    }
    return table.text
  }

  private func printRows(_ audits: [SplitAudit], _ overlaps: [Overlap]) {
    for overlap in overlaps where overlap.prompts > 0 {
      Console.print(
        "\(overlap.split.rawValue): \(overlap.prompts) rows ask what a row of "
          + "\(overlap.other.rawValue) asks, \(overlap.conversations) of them with the same answer")
    }
    for audit in audits {
      for note in audit.notes { Console.print("\(audit.split.rawValue): \(note)") }
      if audit.omission.turns > 0 {
        Console.print(
          "\(audit.split.rawValue): the chat template leaves part of the assistant's text out of "
            + "what is trained: " + audit.omission.sentence(rows: audit.omittingRows))
      }
      for (row, excerpt) in zip(audit.longest, audit.excerpts) {
        let isOver = audit.measure.maximumLength.map { row.length > $0 } ?? false
        Console.print(
          "\(audit.split.rawValue) row \(row.row): \(row.length) \(audit.measure.unit)"
            + (isOver ? ", over max_length" : "") + Style.dim("  \(excerpt)"))
      }
      for fault in audit.faults.prefix(8) { Console.note("host: \(fault)") }
      if audit.faults.count > 8 {
        Console.note("host: \(audit.faults.count - 8) more of \(audit.split.rawValue); see --json")
      }
    }
  }

  private func report(_ audits: [SplitAudit], _ overlaps: [Overlap]) -> JSONValue {
    var report = JSONValue.emptyObject
    for audit in audits {
      report = report.setting(audit.split.rawValue, audit.json(percentiles.percents))
    }
    for overlap in overlaps {
      let entry = (report[overlap.split.rawValue] ?? .emptyObject)
        .setting("prompts_in_\(overlap.other.rawValue)", .int(overlap.prompts))
        .setting("conversations_in_\(overlap.other.rawValue)", .int(overlap.conversations))
      report = report.setting(overlap.split.rawValue, entry)
    }
    return report
  }
}
