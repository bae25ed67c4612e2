import Glibc

/// Runs `body` on a thread of its own and waits for it.
func onOtherThread<Result>(_ body: @escaping () -> Result) -> Result {
  let work = ThreadWork(body: body)
  let thread = work.start()
  pthread_join(thread, nil)
  return work.result!
}

/// Runs `body` on `count` threads at once and waits for all of them.
func onThreads<Result>(_ count: Int, _ body: @escaping @Sendable (Int) -> Result) -> [Result] {
  let works = (0..<count).map { index in ThreadWork { body(index) } }
  let threads = works.map { $0.start() }
  for thread in threads { pthread_join(thread, nil) }
  return works.map { $0.result! }
}

/// What one thread does. Swift's own tasks will not do: plugins may wait for theirs.
private final class ThreadWork<Result> {
  private let body: () -> Result
  private(set) var result: Result?

  init(body: @escaping () -> Result) { self.body = body }

  func start() -> pthread_t {
    let job = ThreadJob { self.result = self.body() }
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { argument in
        Unmanaged<ThreadJob>.fromOpaque(argument!).takeRetainedValue().run()
        return nil
      }, Unmanaged.passRetained(job).toOpaque())
    precondition(code == 0, "check: no thread can be started: \(String(cString: strerror(code)))")
    return thread
  }
}

private final class ThreadJob {
  let run: () -> Void
  init(run: @escaping () -> Void) { self.run = run }
}
