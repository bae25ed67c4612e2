import Glibc
import Synchronization

/// Ctrl-C while a model answers: it ends the answer, and not the program.
enum AnswerStop {
  private static let wanted = Atomic<Bool>(false)

  /// Whether the answer is to end.
  static var isWanted: Bool { wanted.load(ordering: .relaxed) }

  /// Calls `body`, during which Ctrl-C asks for the answer's end.
  static func listening<Value>(_ body: () throws -> Value) rethrows -> Value {
    wanted.store(false, ordering: .relaxed)
    let usual = signal(SIGINT) { _ in AnswerStop.wanted.store(true, ordering: .relaxed) }
    defer { signal(SIGINT, usual) }
    return try body()
  }
}
