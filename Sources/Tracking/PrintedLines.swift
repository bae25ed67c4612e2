import Synchronization

/// What a program prints, line by line, until those take it who keep it.
public final class PrintedLines: Sendable {
  /// A line, and on which stream it went.
  struct Line: Sendable {
    let text: String, isError: Bool, time: Double
  }

  private let lines = Mutex<(isBegun: Bool, all: [Line])>((false, []))
  /// The most lines that wait; of more the oldest go.
  private static let most = 1000

  /// Nothing is kept before `begin`.
  public init() {}

  /// From now on lines are kept.
  public func begin() { lines.withLock { $0.isBegun = true } }

  /// Adds a line that has been printed.
  public func add(_ text: String, isError: Bool) {
    lines.withLock { lines in
      guard lines.isBegun else { return }
      if lines.all.count == Self.most { lines.all.removeFirst() }
      lines.all.append(Line(text: text, isError: isError, time: WandBRun.now))
    }
  }

  /// The lines that have come since they were last taken.
  func take() -> [Line] {
    lines.withLock { lines in
      defer { lines.all = [] }
      return lines.all
    }
  }
}
