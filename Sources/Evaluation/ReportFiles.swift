import JSON
import Tasks

/// The files that tell of an evaluation, as texts: `report.json`, each table as `NAME.csv`,
/// `report.html`, and the answers as `predictions.jsonl`.
///
/// Where several reports stand side by side (base and tuned), the last one is the one that counts:
/// its are `report.json` and `NAME.csv`; another's tables are `NAME.COLUMN.csv`.
public struct ReportFiles {
  /// The name of a training run's table of answers before and after it.
  public static let answersName = "sample_answers"

  /// Each file's name and whole text.
  public let files: [(name: String, text: String)]

  /// The files of `reports`, which are named as in `ReportTable`.
  ///
  /// - Parameters:
  ///   - facts: what was run, on what; shown below the page's title.
  ///   - curves: how training went.
  ///   - tables: what the reports are to each other; below the metrics, and as `NAME.csv`.
  ///   - predictions: the answers behind each report, by its name; empty: no predictions.jsonl.
  ///   - others: further files, as they are.
  public init(
    _ reports: [(name: String, report: Report)], title: String,
    facts: [(name: String, value: String)] = [], curves: [Curves] = [], tables: [Table] = [],
    predictions: [(name: String, predictions: [Prediction])] = [],
    others: [(name: String, text: String)] = []
  ) {
    var files: [(name: String, text: String)] = []
    if let last = reports.last {
      files.append(("report.json", last.report.json.text(.pretty) + "\n"))
    }
    for (index, (name, report)) in reports.enumerated() {
      let ending = index == reports.count - 1 ? ".csv" : ".\(name).csv"
      files += report.tables.map { ($0.name + ending, $0.csv) }
    }
    files += tables.map { ($0.name + ".csv", $0.csv) }
    let page = ReportPage(
      title: title, facts: facts, columns: reports, tables: tables, curves: curves,
      beginsWithLast: true)
    files.append(("report.html", page.html))
    if !predictions.isEmpty {
      let lines = predictions.flatMap { name, list in
        list.map { $0.json.setting("model", .string(name)).text(.spaced) + "\n" }
      }
      files.append(("predictions.jsonl", lines.joined()))
    }
    self.files = files + others
  }
}

extension Table {
  /// The table as RFC 4180 has it: lines end in CRLF, a field with a comma, a quote or a line break
  /// is quoted. Numbers are written so that they read back exactly; an absent cell is empty.
  public var csv: String {
    let lines = [columns.map(Self.field)] + rows.map { $0.map(\.csv) }
    return lines.map { $0.joined(separator: ",") + "\r\n" }.joined()
  }

  fileprivate static func field(_ text: String) -> String {
    let special = text.unicodeScalars.contains { [",", "\"", "\r", "\n"].contains($0) }
    return special
      ? "\""
        + text.split(separator: "\"", omittingEmptySubsequences: false)
        .joined(separator: "\"\"") + "\"" : text
  }
}

extension Table.Cell {
  fileprivate var csv: String {
    switch self {
    case .text(let text): Table.field(text)
    case .number(let value) where value.isFinite:
      abs(value) < 1e15 ? Int(exactly: value).map(String.init) ?? String(value) : String(value)
    case .number, .absent: ""
    }
  }
}
