import Glibc
import Synchronization

/// Scores groups on a thread of its own, one after the other as they come, while others are sampled.
/// Swift's tasks will not do: plugins may wait for theirs.
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
    let thread = start()
    do {
      try body { index, item in state.withLock { $0.waiting.append((index, item)) } }
      close(dropping: false)
      pthread_join(thread, nil)
    } catch {
      close(dropping: true)
      pthread_join(thread, nil)
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

  /// Signals are for the main thread.
  private func start() -> pthread_t {
    var all = sigset_t(), old = sigset_t()
    sigfillset(&all)
    for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS] {
      sigdelset(&all, fault)
    }
    pthread_sigmask(SIG_SETMASK, &all, &old)
    defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
    var thread = pthread_t()
    let job = ScoringJob { self.work() }
    let code = pthread_create(
      &thread, nil,
      { argument in
        Unmanaged<ScoringJob>.fromOpaque(argument!).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(job).toOpaque())
    precondition(code == 0, "scoring: no thread can be started: \(String(cString: strerror(code)))")
    return thread
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

/// What the thread does.
private final class ScoringJob {
  let run: () -> Void

  init(_ run: @escaping () -> Void) { self.run = run }
}
