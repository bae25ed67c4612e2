import Synchronization

/// Where the time of a computation goes, by operation. What an operation calls for (a value made
/// again on the way back) is counted under its own name, not twice.
public final class Stopwatch: Sendable {
  /// Forward, or on the way back.
  enum Way { case forward, backward }

  /// What one operation took.
  public struct Entry: Sendable {
    /// Seconds forward and on the way back, without what it called for.
    public fileprivate(set) var forward = 0.0, backward = 0.0
    /// Floating-point operations of its matrix products.
    public fileprivate(set) var flops = 0.0
    /// Both ways together.
    public var seconds: Double { forward + backward }
  }

  private struct State {
    var entries: [String: Entry] = [:]
    var open: [(name: String, way: Way, inner: Double)] = []
  }

  @TaskLocal private static var current: Stopwatch?
  private let state = Mutex(State())

  /// A watch that has measured nothing.
  public init() {}

  /// Runs `body` and measures the operations in it.
  public func measure<Result>(_ body: () throws -> Result) rethrows -> Result {
    try Self.$current.withValue(self, operation: body)
  }

  /// Measured operations, the longest first.
  public var entries: [(name: String, entry: Entry)] {
    state.withLock { $0.entries.map { ($0.key, $0.value) } }
      .sorted { ($0.1.seconds, $1.0) > ($1.1.seconds, $0.0) }
  }

  /// Runs an operation's body; measured where somebody measures.
  static func time<Result>(_ name: @autoclosure () -> String, _ way: Way, _ body: () -> Result)
    -> Result
  {
    guard let watch = current else { return body() }
    let name = name(), clock = ContinuousClock()
    watch.state.withLock { $0.open.append((name, way, 0)) }
    let start = clock.now
    let result = body()
    watch.close(after: (clock.now - start) / .seconds(1))
    return result
  }

  /// Counts floating-point operations for the operation that runs.
  static func count(flops: @autoclosure () -> Double) {
    guard let watch = current else { return }
    let flops = flops()
    watch.state.withLock { state in
      guard let name = state.open.last?.name else { return }
      state.entries[name, default: Entry()].flops += flops
    }
  }

  private func close(after seconds: Double) {
    state.withLock { state in
      guard let (name, way, inner) = state.open.popLast() else { return }
      let own = seconds - inner
      switch way {
      case .forward: state.entries[name, default: Entry()].forward += own
      case .backward: state.entries[name, default: Entry()].backward += own
      }
      if !state.open.isEmpty { state.open[state.open.count - 1].inner += seconds }
    }
  }
}
