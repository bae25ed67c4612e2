import Synchronization
import Tasks

/// A plugin's dataset in a process of its own. Rows that are read one after the other come in batches.
final class IsolatedDataset: Dataset {
  let count: Int
  let sources: [String]
  let variesByEpoch: Bool
  let notes: [String], places: [String]
  private let session: WorkerSession
  private let ahead = Mutex(ReadAhead())

  /// Opens the split that the job names; nil when the task has no such split.
  init?(
    _ job: WorkerJob, limits: WorkerLimits, program: String, host: WorkerHost
  ) throws(TaskError) {
    session = try WorkerSession(job, limits: limits, program: program, host: host)
    guard let rows = session.opened.rows else { return nil }
    (count, sources) = (rows.count, rows.sources)
    (variesByEpoch, notes, places) = (rows.variesByEpoch, rows.notes, rows.places)
  }

  func example(at index: Int, epoch: Int, seed: UInt64) throws(TaskError) -> Example {
    precondition((0..<count).contains(index), "\(session.subject): row \(index) of \(count)")
    let place = RowPlace(index: index, epoch: epoch, seed: seed)
    let block: [UInt8]
    if let known = ahead.withLock({ $0.take(place) }) {
      block = known
    } else {
      block = try fetch(place)
    }
    guard let row = try? RowAnswer(bytes: block) else { throw session.outOfTurn() }
    switch row {
    case .failed(let error): throw error
    case .example(let example):
      guard let fault = example.fault else { return example }
      throw TaskError(.internal, "\(session.subject), row \(index): \(fault)")
    }
  }

  /// The row, and those behind it where they are likely to be asked for.
  private func fetch(_ place: RowPlace) throws(TaskError) -> [UInt8] {
    let size = min(ahead.withLock { $0.size(at: place) }, count - place.index)
    var blocks: [[UInt8]]
    do throws(TaskError) { blocks = try read(place, size) } catch {
      // Whichever of them it was: a row alone fails for itself.
      guard size > 1, error.kind != .cancelled else { throw error }
      blocks = try read(place, 1)
    }
    let first = blocks.removeFirst()
    ahead.withLock { $0.put(blocks[...], behind: place, size: blocks.isEmpty ? 1 : size) }
    return first
  }

  private func read(_ place: RowPlace, _ size: Int) throws(TaskError) -> [[UInt8]] {
    let last = place.index + size - 1
    let what =
      size == 1 ? "reading row \(place.index)" : "reading the rows \(place.index) to \(last)"
    let response = try session.ask(.read(place, count: size), while: what)
    guard case .rows(let blocks) = response, 1...size ~= blocks.count,
      session.opened.rows?.count == count
    else { throw session.outOfTurn() }
    return blocks
  }
}

/// Which row, and how its random choices are made.
struct RowPlace: Sendable, Hashable {
  var index: Int
  let epoch: Int, seed: UInt64

  /// The next row.
  var next: RowPlace { RowPlace(index: index + 1, epoch: epoch, seed: seed) }
}

/// Rows that were read before they are asked for. Several readers may go through the rows at once,
/// each with a stretch of its own.
struct ReadAhead {
  private struct Stretch {
    var next: RowPlace, rows: ArraySlice<[UInt8]>, size: Int
  }

  private var stretches: [Stretch] = []
  private static let most = 8, longest = 64

  /// The row at `place`, if it is there; it is not kept.
  mutating func take(_ place: RowPlace) -> [UInt8]? {
    guard let index = stretches.firstIndex(where: { $0.next == place }),
      let row = stretches[index].rows.popFirst()
    else { return nil }
    stretches[index].next = place.next
    return row
  }

  /// How many rows to read at `place`: one, unless a reader has just come there.
  func size(at place: RowPlace) -> Int {
    stretches.first { $0.next == place }.map { min($0.size * 8, Self.longest) } ?? 1
  }

  /// Keeps the rows behind `place`, which was read with `size` rows in all.
  mutating func put(_ rows: ArraySlice<[UInt8]>, behind place: RowPlace, size: Int) {
    stretches.removeAll { $0.next == place }
    stretches.append(Stretch(next: place.next, rows: rows, size: size))
    if stretches.count > Self.most { stretches.removeFirst() }
  }
}
