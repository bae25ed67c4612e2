import Threads

/// Runs `body` on a thread of its own and waits for it.
func onOtherThread<Result>(_ body: @escaping () -> Result) -> Result {
  let work = ThreadWork(body: body)
  work.start().join()
  return work.result!
}

/// Runs `body` on `count` threads at once and waits for all of them.
func onThreads<Result>(_ count: Int, _ body: @escaping @Sendable (Int) -> Result) -> [Result] {
  let works = (0..<count).map { index in ThreadWork { body(index) } }
  let threads = works.map { $0.start() }
  for thread in threads { thread.join() }
  return works.map { $0.result! }
}

/// What one thread does, and what came of it.
private final class ThreadWork<Result> {
  private let body: () -> Result
  private(set) var result: Result?

  init(body: @escaping () -> Result) { self.body = body }

  func start() -> StartedThread { StartedThread { self.result = self.body() } }
}
