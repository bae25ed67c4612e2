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

  /// The table, one line for each row, no line break at the end.
  var text: String {
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
