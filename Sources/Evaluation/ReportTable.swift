import JSON
import Tasks

/// Reports side by side, for instance of a base and a tuned model, beside the task's baselines:
///
///     metric      base               tuned              majority
///     ----------------------------------------------------------
///     accuracy *  0.52 [0.44, 0.60]  0.74 [0.66, 0.81]  0.31
///     brier ↓     0.25               0.18               –
///     rows        135                135
///     * the task's main metric; ↓ less is better; [low, high] 95 % interval
public struct ReportTable: CustomStringConvertible {
  private let columns: [(name: String, report: Report)]
  private static let gap = "  "
  private static let absent = "–"

  /// Names each report's column.
  public init(_ columns: [(name: String, report: Report)]) { self.columns = columns }

  /// `{name: report}` in the columns' order.
  public var json: JSONValue {
    columns.reduce(.emptyObject) { $0.setting($1.name, $1.report.json) }
  }

  /// The table and a line that explains its signs. Baselines that do not fit into 80 characters stand in
  /// further tables below, without the metrics of which they say nothing. Text without a final newline.
  public var description: String {
    let all = [header] + rows
    let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    let tables = banks(widths).enumerated().map { number, columns in
      let told = columns.dropFirst()
      let shown = all.filter { row in
        number == 0 || told.contains { row[$0] != Self.absent && !row[$0].isEmpty }
      }
      var lines = shown.map { row in
        Self.aligned(columns.map { row[$0] }, columns.map { widths[$0] })
      }
      let rule = Self.width(of: columns, widths)
      lines.insert(String(repeating: "-", count: rule), at: 1)
      return lines.joined(separator: "\n")
    }
    return ([tables.joined(separator: "\n\n")] + legend).joined(separator: "\n")
  }

  /// The columns of each table, the metrics' names first in all of them; the reports stand side by side.
  private func banks(_ widths: [Int]) -> [[Int]] {
    let reports = Array(0...columns.count)
    return widths.indices.dropFirst(reports.count).reduce(into: [reports]) { banks, column in
      let last = banks[banks.count - 1]
      if last.count > 1, Self.width(of: last + [column], widths) > 80 {
        banks.append([0, column])
      } else {
        banks[banks.count - 1].append(column)
      }
    }
  }

  private static func width(of columns: [Int], _ widths: [Int]) -> Int {
    columns.reduce(0) { $0 + widths[$1] } + gap.count * (columns.count - 1)
  }

  // MARK: Cells

  /// The titles of the table's columns.
  var header: [String] { ["metric"] + columns.map(\.name) + baselines.map(\.name) }

  /// A row for each metric, and one for the numbers of rows.
  var rows: [[String]] { metrics.map(cells) + [counts] }

  /// Metrics of all reports, in the order of the report that has most of them: what one of them leaves
  /// undefined keeps its place.
  private var metrics: [String] {
    let lists = columns.map { $0.report.metrics.map(\.name) }
    let most = lists.map(\.count).max() ?? 0
    let first = lists.first { $0.count == most } ?? []
    return ([first] + lists).joined().reduce(into: []) { names, name in
      if !names.contains(name) { names.append(name) }
    }
  }

  /// Baselines of all reports. Reports on the same rows share them, so the first of a name counts.
  private var baselines: [(name: String, metrics: [String: Double])] {
    columns.flatMap(\.report.baselines).reduce(into: []) { baselines, next in
      if !baselines.contains(where: { $0.name == next.name }) { baselines.append(next) }
    }
  }

  private func cells(_ metric: String) -> [String] {
    let measures = columns.map { $0.report[metric] }
    let decimals = Self.decimals(measures)
    let isPrimary = columns.contains { $0.report.primary == metric }
    let isError = measures.contains { $0?.lowerIsBetter == true }
    return [metric + (isPrimary ? " *" : "") + (isError ? " ↓" : "")]
      + measures.map { $0.map { Self.text($0, decimals) } ?? Self.absent }
      + baselines.map { baseline in
        baseline.metrics[metric].map { fixedPoint($0, decimals: decimals) } ?? Self.absent
      }
  }

  private var counts: [String] {
    ["rows"] + columns.map { String($0.report.count) } + baselines.map { _ in "" }
  }

  private static func text(_ measure: Measure, _ decimals: Int) -> String {
    let value = fixedPoint(measure.value, decimals: decimals)
    guard let low = measure.low, let high = measure.high else { return value }
    return value
      + " [\(fixedPoint(low, decimals: decimals)), \(fixedPoint(high, decimals: decimals))]"
  }

  /// Digits behind the point, the same for a whole row: two, and up to four where intervals are so
  /// narrow that two would hide them.
  private static func decimals(_ measures: [Measure?]) -> Int {
    let widths = measures.compactMap { measure in
      measure?.low.flatMap { low in measure?.high.map { $0 - low } }
    }
    guard let narrowest = widths.filter({ $0 > 0 }).min() else { return 2 }
    return narrowest >= 0.02 ? 2 : narrowest >= 0.002 ? 3 : 4
  }

  // MARK: Lines

  private static func aligned(_ cells: [String], _ widths: [Int]) -> String {
    let padded = zip(cells, widths).map { cell, width in
      cell + String(repeating: " ", count: width - cell.count)
    }
    let line = padded.joined(separator: gap)
    return String(line.reversed().drop { $0 == " " }.reversed())
  }

  /// A line that explains the signs; none without columns.
  var legend: [String] {
    let measures = columns.flatMap { $0.report.metrics.map(\.measure) }
    var signs = ["* the task's main metric"]
    if measures.contains(where: \.lowerIsBetter) { signs.append("↓ less is better") }
    if measures.contains(where: { $0.low != nil }) { signs.append("[low, high] 95 % interval") }
    return columns.isEmpty ? [] : [signs.joined(separator: "; ")]
  }
}
