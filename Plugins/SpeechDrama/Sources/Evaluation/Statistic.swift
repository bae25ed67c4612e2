/// A statistic's value, or why it has none: undefined is never 0.
public enum Statistic: Sendable, Hashable {
  case value(Double)
  /// The reason, as the end of a sentence.
  case undefined(String)

  /// The value; nil where it is undefined.
  public var value: Double? { if case .value(let value) = self { value } else { nil } }

  /// Why there is no value; nil where there is one.
  public var reason: String? { if case .undefined(let reason) = self { reason } else { nil } }
}

extension Statistic {
  /// The mean of those that have a value; undefined, with the first one's reason, where none has.
  public static func mean(_ statistics: [Statistic]) -> Statistic {
    let values = statistics.compactMap(\.value)
    guard values.isEmpty else {
      return .value(values.reduce(0, +) / Double(values.count))
    }
    return statistics.first ?? .undefined("there is nothing to average")
  }
}

/// What makes a correlation undefined; nil where nothing does.
func undefinedCorrelation(_ x: [Double], _ y: [Double]) -> Statistic? {
  precondition(x.count == y.count, "statistics: \(x.count) and \(y.count) values")
  guard x.count >= 2 else {
    return .undefined("a correlation needs 2 pairs or more, not \(x.count)")
  }
  for (values, which) in [(x, "first"), (y, "second")]
  where values.allSatisfy({ $0 == values[0] }) {
    return .undefined("all values of the \(which) list are equal")
  }
  return nil
}
