import Testing

/// Expects each number to be near the one at its place: |a − b| ≤ atol + rtol · |b|, where b is what is
/// expected. Nothing is near NaN or infinity, and nothing else than as many numbers as expected. What
/// fails is said with the worst place.
public func expectClose<Actual: BinaryFloatingPoint, Expected: BinaryFloatingPoint>(
  _ actual: [Actual], _ expected: [Expected], atol: Double, rtol: Double,
  _ what: @autoclosure () -> String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
  guard let fault = Closeness(actual, expected, atol: atol, rtol: rtol).fault else { return }
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
  let counts: (actual: Int, expected: Int)
  private(set) var failures = 0
  private(set) var worst: (index: Int, actual: Double, expected: Double, excess: Double)?

  init<Actual: BinaryFloatingPoint, Expected: BinaryFloatingPoint>(
    _ actual: [Actual], _ expected: [Expected], atol: Double, rtol: Double
  ) {
    counts = (actual.count, expected.count)
    for index in 0..<min(actual.count, expected.count) {
      let (a, b) = (Double(actual[index]), Double(expected[index]))
      let bound = atol + rtol * abs(b), distance = abs(a - b)
      if a.isFinite && b.isFinite && distance <= bound { continue }
      failures += 1
      let excess = distance.isFinite ? distance / bound : .infinity
      if excess > worst?.excess ?? -1 { worst = (index, a, b, excess) }
    }
  }

  /// What is wrong; nil when nothing is.
  var fault: String? {
    guard counts.actual == counts.expected else {
      return "\(counts.actual) numbers, expected \(counts.expected)"
    }
    return worst.map {
      "\(failures) of \(counts.actual) numbers are too far; the worst is [\($0.index)] = \($0.actual), "
        + "expected \($0.expected), \($0.excess) times what is allowed"
    }
  }
}
