import JSON
import Tasks

/// Reports as one page of HTML that needs neither network nor scripts: the metrics of all side by
/// side, then each one's charts and tables. Light or dark as the reader's system is.
public struct ReportPage {
  private let title: String
  private let facts: [(name: String, value: String)]
  private let columns: [(name: String, report: Report)]
  private let tables: [Table], charts: [Chart], curves: [Curves]
  private let beginsWithLast: Bool

  /// Describes a page.
  ///
  /// - Parameters:
  ///   - facts: what was run, on what; shown below the title.
  ///   - tables, charts: what the reports are to each other; shown below the metrics.
  ///   - curves: how training went; above those.
  ///   - beginsWithLast: whether the last report's charts and tables come before the others'.
  public init(
    title: String, facts: [(name: String, value: String)] = [],
    columns: [(name: String, report: Report)], tables: [Table] = [], charts: [Chart] = [],
    curves: [Curves] = [], beginsWithLast: Bool = false
  ) {
    self.beginsWithLast = beginsWithLast
    self.title = title
    self.tables = tables
    self.charts = charts
    self.curves = curves
    self.facts = facts
    self.columns = columns
  }

  /// The document.
  public var html: String {
    let shared = tables.map(Self.section)
    let others = beginsWithLast ? Array(columns.dropLast()) : columns
    let first = beginsWithLast ? columns.suffix(1).map(section) : []
    let training =
      curves.isEmpty ? "" : "<h2>Training</h2>\n" + Self.figures(curves.map(\.figure))
    let parts =
      [columns.isEmpty ? "" : metrics, Self.figures(charts.map(\.figure)), training] + shared
      + first + others.map(section)
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>\(escaped(title))</title>
      <style>
      \(Palette.styleSheet)
      </style>
      </head>
      <body>
      <main>
      <h1>\(escaped(title))</h1>
      \(head)
      \(parts.joined(separator: "\n"))
      </main>
      </body>
      </html>

      """
  }

  /// What was run, on what.
  private var head: String {
    let lines = facts.map { "<dt>\(escaped($0.name))</dt><dd>\(escaped($0.value))</dd>" }
    return lines.isEmpty ? "" : "<dl>\n\(lines.joined(separator: "\n"))\n</dl>"
  }

  /// What `ReportTable` shows in a terminal.
  private var metrics: String {
    let table = ReportTable(columns)
    let primaries = Set(columns.map(\.report.primary))
    let body = table.rows.map { cells in
      let isMain = primaries.contains { cells[0] == $0 + " *" }
      let row = cells.dropFirst().map { "<td>\(Self.withInterval($0))</td>" }.joined()
      return "<tr\(isMain ? " class=\"main\"" : "")>"
        + "<th class=\"text\">\(escaped(cells[0]))</th>\(row)</tr>"
    }
    return "<h2>Metrics</h2>\n" + Self.table(head: table.header, texts: [0], body)
      + table.legend.map { "\n<p>\(escaped($0))</p>" }.joined()
  }

  /// Sets an interval smaller than its value.
  private static func withInterval(_ cell: String) -> String {
    guard let bracket = cell.firstIndex(of: "["), bracket > cell.startIndex else {
      return escaped(cell)
    }
    return escaped(String(cell[..<bracket])) + "<small>\(escaped(String(cell[bracket...])))</small>"
  }

  private func section(_ name: String, _ report: Report) -> String {
    var parts: [String] = []
    if !report.charts.isEmpty { parts.append(Self.figures(report.charts.map(\.figure))) }
    parts += report.tables.map(Self.section)
    if report.details != .emptyObject {
      parts.append(
        "<details><summary>Details</summary><pre>\(escaped(report.details.rounded.text(.pretty)))</pre>"
          + "</details>")
    }
    guard !parts.isEmpty else { return "" }
    let heading = columns.count > 1 ? "<h2>\(escaped(name))</h2>\n" : "<h2>Charts and tables</h2>\n"
    return heading + parts.joined(separator: "\n")
  }

  private static func figures(_ figures: [String]) -> String {
    guard !figures.isEmpty else { return "" }
    return "<div class=\"charts\">\n\(figures.joined(separator: "\n"))\n</div>"
  }

  private static func section(_ table: Table) -> String {
    "<h3>\(escaped(table.name))</h3>\n" + table.html
  }

  /// A table in a box that scrolls sideways; the columns `texts` are set to the left.
  fileprivate static func table(head: [String], texts: Set<Int>, _ body: [String]) -> String {
    let titles = head.enumerated().map { index, title in
      "<th\(texts.contains(index) ? " class=\"text\"" : "")>\(escaped(title))</th>"
    }
    return "<div class=\"wide\"><table>\n<thead><tr>\(titles.joined())</tr></thead>\n<tbody>\n"
      + body.joined(separator: "\n") + "\n</tbody>\n</table></div>"
  }
}

extension Table {
  /// Numbers to the right with as many decimals as their column needs, texts to the left.
  fileprivate var html: String {
    let decimals = columns.indices.map { column in
      let numbers = rows.compactMap { row -> Double? in
        if case .number(let value) = row[column], value.isFinite { value } else { nil }
      }
      return numbers.allSatisfy { $0 == $0.rounded() } ? 0 : 3
    }
    let texts = Set(
      columns.indices.filter { column in
        rows.contains { if case .text = $0[column] { true } else { false } }
      })
    let body = rows.map { row in
      let cells = row.enumerated().map { index, cell -> String in
        let tag = index == 0 ? "th" : "td"
        let style = texts.contains(index) ? " class=\"\(cell.isLong ? "prose" : "text")\"" : ""
        return "<\(tag)\(style)>\(escaped(cell.text(decimals: decimals[index])))</\(tag)>"
      }
      return "<tr>\(cells.joined())</tr>"
    }
    return ReportPage.table(head: columns, texts: texts, body)
  }
}

extension Table.Cell {
  fileprivate func text(decimals: Int) -> String {
    switch self {
    case .text(let text): text
    case .number(let value) where value.isFinite: fixedPoint(value, decimals: decimals)
    case .number, .absent: "–"
    }
  }

  /// Whether the cell holds more than a line.
  fileprivate var isLong: Bool {
    guard case .text(let text) = self else { return false }
    return text.count > 60 || text.contains("\n")
  }
}

extension JSONValue {
  /// The same with numbers as people read them: six digits.
  fileprivate var rounded: JSONValue {
    switch self {
    case .double(let value) where value.isFinite && value != 0 && abs(value) < 1e9:
      var scale = 1e5
      while abs(value) * scale < 1e5, scale < 1e15 { scale *= 10 }
      return .double((value * scale).rounded() / scale)
    case .array(let values): return .array(values.map(\.rounded))
    case .object(let members):
      return members.reduce(JSONValue.emptyObject) { $0.setting($1.key, $1.value.rounded) }
    default: return self
    }
  }
}

extension Chart {
  /// The picture with its title, legend and caption.
  fileprivate var figure: String {
    let names: [String]
    let drawing: String
    switch content {
    case .scatter(let scatter):
      (names, drawing) = (scatter.series.map(\.name), scatter.drawing(title: title))
    case .bars(let bars):
      (names, drawing) = (bars.series.map(\.name), bars.drawing(title: title))
    case .histogram(let bars):
      (names, drawing) = (bars.series.map(\.name), bars.histogram(title: title))
    case .heatmap(let heatmap): (names, drawing) = ([], heatmap.drawing(title: title))
    }
    let keys = names.enumerated().map { index, name in
      "<span><i class=\"c\(index % Palette.count)\"></i>\(escaped(name))</span>"
    }
    let legend = keys.isEmpty ? "" : "\n<div class=\"legend\">\(keys.joined())</div>"
    let below = caption.isEmpty ? "" : "\n<figcaption>\(escaped(caption))</figcaption>"
    return "<figure>\n<h3>\(escaped(title))</h3>\n\(drawing)\(legend)\(below)\n</figure>"
  }
}
