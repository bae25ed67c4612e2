import Glibc
import Synchronization
import Threads

/// Scores groups on a thread of its own, one after the other as they come, while others are sampled.
final class ScoringLine<Item: Sendable, Score: Sendable>: Sendable {
  private struct State: Sendable {
    var waiting: [(index: Int, item: Item)] = [], scores: [Int: Score] = [:]
    var error: (any Error)?
    var isClosed = false
  }

  private let state = Mutex(State())
  private let score: @Sendable (Int, Item) throws -> Score

  /// A line that does `score` with each item; the first error ends it.
  init(_ score: @escaping @Sendable (Int, Item) throws -> Score) { self.score = score }

  /// Runs `body`, which adds items; then the scores of `count` items, by their indices. Of errors that
  /// of `body` counts first.
  func run(_ count: Int, _ body: (_ add: (Int, Item) -> Void) throws -> Void) throws -> [Score] {
    let thread = StartedThread { self.work() }
    do {
      try body { index, item in state.withLock { $0.waiting.append((index, item)) } }
      close(dropping: false)
      thread.join()
    } catch {
      close(dropping: true)
      thread.join()
      throw error
    }
    return try state.withLock { state in
      if let error = state.error { throw error }
      return (0..<count).compactMap { state.scores[$0] }
    }
  }

  private func close(dropping: Bool) {
    state.withLock { state in
      if dropping { state.waiting = [] }
      state.isClosed = true
    }
  }

  private func work() {
    while true {
      let (next, isClosed) = state.withLock { state in
        (state.waiting.isEmpty ? nil : state.waiting.removeFirst(), state.isClosed)
      }
      guard let next else {
        if isClosed { return }
        usleep(500)
        continue
      }
      do {
        let score = try score(next.index, next.item)
        state.withLock { $0.scores[next.index] = score }
      } catch {
        return state.withLock { $0.error = error }
      }
    }
  }
}
