import Rows
import Tasks

/// The reference's log-probabilities of a dataset's rows, by the rows' numbers.
public struct ReferenceTable: Sendable {
  private(set) var rows: [Int: [Float]]

  init(_ rows: [Int: [Float]] = [:]) { self.rows = rows }

  /// Those of a row's scored tokens, text after text; nil where they are not kept.
  subscript(index: Int) -> [Float]? { rows[index] }
}

extension StepRunner {
  /// The reference's numbers of `rows` of `dataset`: those in `store` where they are good, the others
  /// computed, `batchSize` rows at once, and kept there. nil where nothing is compared with a reference,
  /// or rows differ from epoch to epoch and are computed where they are used.
  public func referenceTable(
    of dataset: EncodedDataset, rows: [Int], batchSize: Int, store: ReferenceStore?,
    note: (String) -> Void, progress: (_ done: Int, _ of: Int) -> Void,
    isCancelled: () -> Bool = { false }
  ) throws -> ReferenceTable? {
    guard let reference, !dataset.variesByEpoch else { return nil }
    var table = ReferenceTable(store?.read(note: note) ?? [:])
    let missing = Set(rows).subtracting(table.rows.keys).sorted()
    guard !missing.isEmpty else { return table }
    for first in stride(from: 0, to: missing.count, by: batchSize) {
      if isCancelled() {
        throw TaskError(
          .cancelled,
          "\(dataset.name): interrupted after \(first) of \(missing.count) rows of the reference")
      }
      let some = try missing[first...].prefix(batchSize).map {
        try dataset.row($0, epoch: 0, nil)
      }
      let texts = scored(some)
      var rest = reference.logProbabilities(texts)[...]
      for (place, row) in some.enumerated() {
        let count = texts.batch.texts.filter { $0.row == place }.reduce(0) {
          $0 + $1.prompt.count + $1.answer.count
        }
        table.insert(Array(rest.prefix(count)), at: row.index)
        rest = rest.dropFirst(count)
      }
      progress(first + some.count, missing.count)
    }
    if let fault = store?.write(table.rows) {
      note("\(dataset.name): the reference's numbers are not kept: \(fault)")
    }
    return table
  }
}

extension ReferenceTable {
  fileprivate mutating func insert(_ values: [Float], at row: Int) { rows[row] = values }
}
