/// The reference's log-probabilities of a dataset's rows, by the rows' numbers.
public struct ReferenceTable: Sendable {
  private(set) var rows: [Int: [Float]] = [:]

  init(_ rows: [Int: [Float]] = [:]) { self.rows = rows }

  /// Those of a row; nil where they are not kept.
  subscript(index: Int) -> [Float]? { rows[index] }
}
