import Synchronization
import Tasks

/// A dataset that is opened when it is first asked for: one whose rows are all kept never is.
final class LazyDataset: Sendable {
  private let name: String
  private let open: @Sendable () throws(TaskError) -> (any Dataset)?
  private let opened = Mutex<(any Dataset)?>(nil)

  init(_ name: String, open: @escaping @Sendable () throws(TaskError) -> (any Dataset)?) {
    self.name = name
    self.open = open
  }

  /// The dataset; nil when the task has no such rows.
  func dataset() throws(TaskError) -> (any Dataset)? {
    if let dataset = opened.withLock({ $0 }) { return dataset }
    let dataset = try open()
    opened.withLock { $0 = dataset }
    return dataset
  }

  /// Row `row`, of a dataset that is there.
  func example(at row: Int, epoch: Int, seed: UInt64) throws(TaskError) -> Example {
    guard let dataset = try dataset(), row < dataset.count else {
      throw TaskError(.data, "\(name): the rows are gone since they were first read")
    }
    return try dataset.example(at: row, epoch: epoch, seed: seed)
  }
}
