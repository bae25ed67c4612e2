import Glibc

/// A thread that runs one function. Swift's own tasks will not do where plugins are called: they may
/// wait for theirs. Signals are for the main thread; those of faults come to the one at fault.
///
/// Whoever starts one joins or detaches it, once.
public struct StartedThread: Sendable {
  private let thread: pthread_t

  /// Starts it.
  public init(_ body: @escaping () -> Void) {
    var all = sigset_t(), old = sigset_t()
    sigfillset(&all)
    for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS] {
      sigdelset(&all, fault)
    }
    pthread_sigmask(SIG_SETMASK, &all, &old)
    defer { pthread_sigmask(SIG_SETMASK, &old, nil) }
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { argument in
        Unmanaged<Job>.fromOpaque(argument!).takeRetainedValue().body()
        return nil
      }, Unmanaged.passRetained(Job(body)).toOpaque())
    precondition(code == 0, "no thread can be started: \(String(cString: strerror(code)))")
    self.thread = thread
  }

  /// Waits until the function has returned.
  public func join() { pthread_join(thread, nil) }

  /// Leaves it to itself.
  public func detach() { pthread_detach(thread) }
}

/// What a thread does.
private final class Job {
  let body: () -> Void

  init(_ body: @escaping () -> Void) { self.body = body }
}
