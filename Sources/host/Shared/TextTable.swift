/// Rows in aligned columns.
struct TextTable {
  /// How a column is set.
  enum Alignment { case left, right }

  private let titles: [String], alignments: [Alignment]
  private var rows: [[String]] = []

  /// A table with these columns; titles of "" for a table without a head.
  init(_ columns: (String, Alignment)...) { self.init(columns: columns) }

  /// A table whose columns are found at run time.
  init(columns: [(String, Alignment)]) {
    titles = columns.map(\.0)
    alignments = columns.map(\.1)
  }

  /// Adds a row with one text for each column.
  mutating func append(_ cells: String...) { append(row: cells) }

  /// Adds a row with one text for each column.
  mutating func append(row cells: [String]) {
    precondition(cells.count == titles.count, "table: \(cells.count) of \(titles.count) cells")
    rows.append(cells)
  }

  /// The table, one line for each row, no line break at the end; on a terminal that is too narrow each
  /// row becomes lines of titles and cells.
  var text: String {
    let aligned = alignedText
    guard Console.output.isTerminal, !titles.allSatisfy(\.isEmpty) else { return aligned }
    let width = Console.output.width
    let isTooWide = aligned.split(separator: "\n").contains { $0.count > width }
    return isTooWide ? stacked(width) : aligned
  }

  private func stacked(_ width: Int) -> String {
    let margin = (titles.map(\.count).max() ?? 0) + 4
    return rows.map { cells in
      let lines = zip(titles, cells).dropFirst().filter { !$1.isEmpty }.map { title, cell in
        Console.wrapped(
          "  " + title + String(repeating: " ", count: margin - 2 - title.count) + cell,
          indent: margin, width: width)
      }
      return ([Style.bold(cells.first ?? "")] + lines).joined(separator: "\n")
    }.joined(separator: "\n")
  }

  private var alignedText: String {
    let all = (titles.allSatisfy(\.isEmpty) ? [] : [titles]) + rows
    let widths = titles.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    let lines = all.map { cells in
      let padded = cells.indices.map { column in
        let blanks = String(repeating: " ", count: widths[column] - cells[column].count)
        return alignments[column] == .left ? cells[column] + blanks : blanks + cells[column]
      }
      let line = padded.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
    return lines.joined(separator: "\n")
  }
}
