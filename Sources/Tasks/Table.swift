/// Rows that belong to a report: written as NAME.csv and shown on the report's page.
public struct Table: Sendable, Hashable {
  /// What stands in one place of a table.
  public enum Cell: Sendable, Hashable {
    case text(String)
    /// A number; one that is not finite counts as absent.
    case number(Double)
    /// Nothing: undefined or not measured.
    case absent

    /// A number; absent for nil.
    public init(_ value: Double?) { self = value.map(Cell.number) ?? .absent }
  }

  /// The file's name without its ending: letters, digits, `_` and `-`. Unique in the report.
  public var name: String
  /// Titles of the columns, each once.
  public var columns: [String]
  /// Rows of as many cells as there are columns.
  public var rows: [[Cell]]

  /// Creates a table.
  public init(name: String, columns: [String], rows: [[Cell]] = []) {
    self.name = name
    self.columns = columns
    self.rows = rows
  }
}
