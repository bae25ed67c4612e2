import Glibc
import Synchronization

/// SIGINT and SIGTERM ask the run to save and leave; the second one ends it at once.
enum StopSignal {
  private static let raised = Atomic<Bool>(false)

  /// Whether a signal has come.
  static var isRaised: Bool { raised.load(ordering: .relaxed) }

  /// Takes the two signals over; returns the question a run asks between steps.
  static func install() -> () -> Bool {
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if StopSignal.raised.exchange(true, ordering: .relaxed) { _exit(128 + number) }
      }
    }
    return { isRaised }
  }
}
