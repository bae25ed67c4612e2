public import Ranks
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
    let group = share.group
    // Hosts may have kept other rows: those of rank 0's count.
    var table = try group.share("what is kept of the reference") {
      ReferenceTable(store?.read(note: note) ?? [:])
    }
    let missing = Set(rows).subtracting(table.rows.keys).sorted()
    guard !missing.isEmpty else { return table }
    let count = (missing.count + batchSize - 1) / batchSize
    func values(_ number: Int) throws -> (number: Int, value: [[Float]]) {
      let first = number * batchSize
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
      let values = some.indices.map { place in
        let count = texts.batch.texts.filter { $0.row == place }.reduce(0) {
          $0 + $1.prompt.count + $1.answer.count
        }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
      }
      progress(min((number + group.count) * batchSize, missing.count), missing.count)
      return (number, values)
    }
    let all = try group.inOrder("the reference", of: count) {
      try group.dealt(count).map(values)
    }.joined()
    for (row, values) in zip(missing, all) { table.insert(values, at: row) }
    if group.isFirst, let fault = store?.write(table.rows) {
      note("\(dataset.name): the reference's numbers are not kept: \(fault)")
    }
    return table
  }
}

extension ReferenceTable: Parcel {
  /// For other ranks.
  public func pack(into bytes: inout ParcelWriter) {
    let order = rows.keys.sorted()
    bytes.add(order)
    bytes.add(order.map { rows[$0] ?? [] })
  }

  /// From another rank.
  public init(from bytes: inout ParcelReader) {
    let order = bytes.take([Int].self)
    rows = Dictionary(uniqueKeysWithValues: zip(order, bytes.take([[Float]].self)))
  }
}

extension ReferenceTable {
  fileprivate mutating func insert(_ values: [Float], at row: Int) { rows[row] = values }
}
