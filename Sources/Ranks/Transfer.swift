/// What one call moves: started now, awaited when its bytes are needed. Until then its buffers must
/// stay where they are, and what is sent must not change.
public final class Transfer: @unchecked Sendable {
  // Unchecked: the communication thread alone touches `open` and `received` until the outcome is set.

  /// Bytes for another rank.
  struct Sending {
    var rank: Int, bytes: UnsafeRawBufferPointer
  }

  /// Bytes of another rank; without a place for them, they get one once their number is known.
  struct Receiving {
    var rank: Int, bytes: UnsafeMutableRawBufferPointer?
  }

  /// What it is, the same words at all ranks.
  public let label: String
  let sendings: [Sending], receivings: [Receiving]
  /// Bytes of receivings without a place, by rank.
  var received: [Int: [UInt8]] = [:]
  /// How many payloads are still on their way.
  var open: Int
  private let kept: Any?
  private let outcome: Monitor<Result<Void, RanksError>?>?
  private let count: (@Sendable (_ waited: Double) -> Void)?

  /// One that is done already.
  static let done = Transfer()

  private init() {
    (label, sendings, receivings, open, kept, outcome, count) = ("", [], [], 0, nil, nil, nil)
  }

  /// `kept` lives until the transfer is let go; `count` hears how long somebody waited.
  init(
    _ label: String, _ sendings: [Sending], _ receivings: [Receiving], keeping kept: Any?,
    count: @escaping @Sendable (_ waited: Double) -> Void
  ) {
    self.label = label
    self.sendings = sendings
    self.receivings = receivings
    self.kept = kept
    self.count = count
    open = sendings.count + receivings.count
    outcome = Monitor(nil)
  }

  /// Returns once all has been sent and received.
  public func wait() throws(RanksError) {
    guard let outcome else { return }
    if let known = outcome.read({ $0 }) { return try known.get() }
    let clock = ContinuousClock(), start = clock.now
    let result = outcome.wait { $0 }
    count?((clock.now - start) / .seconds(1))
    try result.get()
  }

  /// Whether `wait` would return, or throw, at once.
  public var isDone: Bool { outcome.map { $0.read { $0 != nil } } ?? true }

  /// One payload less is on its way.
  func finishOne() {
    open -= 1
    if open == 0 { finish(.success(())) }
  }

  /// The first outcome counts.
  func finish(_ result: Result<Void, RanksError>) {
    outcome?.change { if $0 == nil { $0 = result } }
  }
}
