import Glibc

/// Starts a thread that runs `body`. Signals are for the main thread.
func startThread(_ body: @escaping () -> Void) {
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
      Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
      return nil
    }, Unmanaged.passRetained(Body(body)).toOpaque())
  precondition(code == 0, "ranks: no thread can be started: \(String(cString: strerror(code)))")
  pthread_detach(thread)
}

/// What a thread does.
private final class Body {
  let run: () -> Void

  init(_ run: @escaping () -> Void) { self.run = run }
}
