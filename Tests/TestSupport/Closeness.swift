import Testing

/// Expects each number to be near the one at its place: |a − b| ≤ atol + rtol · |b|, where b is what is
/// expected. Nothing is near NaN or infinity, and nothing else than as many numbers as expected. What
/// fails is said with the worst place.
public func expectClose<Actual: BinaryFloatingPoint, Expected: BinaryFloatingPoint>(
  _ actual: [Actual], _ expected: [Expected], atol: Double, rtol: Double,
  _ what: @autoclosure () -> String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  let fault =
    actual.count == expected.count
    ? Closeness(actual, expected, atol: atol, rtol: rtol).fault
    : "\(actual.count) numbers, expected \(expected.count)"
  guard let fault else { return }
  let name = what()
  Issue.record(
    "\(name.isEmpty ? "" : name + ": ")\(fault)", sourceLocation: sourceLocation)
}

/// Expects a number to be near another one.
public func expectClose<Actual: BinaryFloatingPoint, Expected: BinaryFloatingPoint>(
  _ actual: Actual, _ expected: Expected, atol: Double = 0, rtol: Double,
  _ what: @autoclosure () -> String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  expectClose(
    [actual], [expected], atol: atol, rtol: rtol, what(), sourceLocation: sourceLocation)
}

/// How many numbers are too far from what is expected, and where it is worst.
struct Closeness {
  private(set) var failures = 0
  private(set) var worst: (index: Int, actual: Double, expected: Double, excess: Double)?

  init<Actual: BinaryFloatingPoint, Expected: BinaryFloatingPoint>(
    _ actual: [Actual], _ expected: [Expected], atol: Double, rtol: Double
  ) {
    for index in actual.indices {
      let (a, b) = (Double(actual[index]), Double(expected[index]))
      let bound = atol + rtol * abs(b), distance = abs(a - b)
      if a.isFinite && b.isFinite && distance <= bound { continue }
      failures += 1
      let excess = distance.isFinite ? distance / bound : .infinity
      if excess > worst?.excess ?? -1 { worst = (index, a, b, excess) }
    }
    count = actual.count
  }

  private let count: Int

  /// What is wrong; nil when nothing is.
  var fault: String? {
    worst.map {
      "\(failures) of \(count) numbers are too far; the worst is [\($0.index)] = \($0.actual), "
        + "expected \($0.expected), \($0.excess) times what is allowed"
    }
  }
}
