import Glibc
import Synchronization

/// SIGINT, SIGTERM and SIGUSR1 ask the run to save and leave. A second SIGINT or SIGTERM ends it at once;
/// SIGUSR1 is what launchers of several ranks pass on, each as often as it likes.
enum StopSignal {
  private static let raised = Atomic<Bool>(false)

  /// Whether a signal has come.
  static var isRaised: Bool { raised.load(ordering: .relaxed) }

  /// Takes the signals over, also from a parent that has blocked them, as programs do that start
  /// others from a pool of threads; returns the question a run asks between steps.
  static func install() -> () -> Bool {
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM, SIGUSR1] { sigaddset(&signals, number) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if StopSignal.raised.exchange(true, ordering: .relaxed) { _exit(128 + number) }
      }
    }
    signal(SIGUSR1) { _ in StopSignal.raised.store(true, ordering: .relaxed) }
    return { isRaised }
  }
}
