import Glibc
import Synchronization
import Threads

/// SIGINT, SIGTERM, SIGHUP and SIGUSR1 ask the run to save and leave. A second SIGINT or SIGTERM ends it
/// at once; SIGUSR1 is what launchers of several ranks pass on, SIGHUP what comes when a terminal is
/// closed, each as often as it likes.
enum StopSignal {
  /// The first signal that came; 0: none.
  private static let first = Atomic<Int32>(0)
  /// Where a signal's number is written, for whoever acknowledges it.
  private static let written = Atomic<Int32>(-1)

  /// Whether a signal has come.
  static var isRaised: Bool { first.load(ordering: .relaxed) != 0 }

  /// What a program leaves with that was asked to: 130, 143, 129; after SIGUSR1, from which a job goes
  /// on by itself, 0. nil where nobody asked.
  static var exitCode: Int32? {
    let signal = first.load(ordering: .relaxed)
    return signal == 0 ? nil : signal == SIGUSR1 ? 0 : 128 + signal
  }

  /// Takes the signals over, also from a parent that has blocked them, as programs do that start
  /// others from a pool of threads; returns the question a run asks between steps. A signal that the
  /// parent has had ignored, as nohup does with SIGHUP, stays so. `acknowledge` is called at once, on a
  /// thread of its own.
  static func install(acknowledge: (@Sendable () -> Void)? = nil) -> () -> Bool {
    if let acknowledge { listen(acknowledge) }
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGHUP, SIGUSR1] { sigaddset(&signals, number) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if StopSignal.note(number) { return }
        let farewell: StaticString = "\nhost: ended at once by a second signal\n"
        _ = Glibc.write(STDERR_FILENO, farewell.utf8Start, farewell.utf8CodeUnitCount)
        _exit(128 + number)
      }
    }
    signal(SIGUSR1) { _ = StopSignal.note($0) }
    if !isIgnored(SIGHUP) { signal(SIGHUP) { _ = StopSignal.note($0) } }
    return { isRaised }
  }

  /// Notes a signal; whether it is the first one. Called by handlers.
  private static func note(_ number: Int32) -> Bool {
    guard
      first.compareExchange(expected: 0, desired: number, ordering: .relaxed).exchanged
    else { return false }
    let descriptor = written.load(ordering: .relaxed)
    var byte: UInt8 = 0
    if descriptor >= 0 { _ = Glibc.write(descriptor, &byte, 1) }
    return true
  }

  private static func listen(_ acknowledge: @escaping @Sendable () -> Void) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    written.store(ends[1], ordering: .relaxed)
    let end = ends[0]
    StartedThread {
      var byte: UInt8 = 0
      while read(end, &byte, 1) < 0, errno == EINTR {}
      acknowledge()
    }.detach()
  }

  private static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0 else { return false }
    // SIG_IGN is the address 1.
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == 1
  }
}
