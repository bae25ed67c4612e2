import JSON

/// Whole numbers by size. A percentile is the smallest value that so many percent do not exceed.
public struct Percentiles {
  private let sorted: [Int]

  /// Of these values, in any order.
  public init(_ values: [Int]) { sorted = values.sorted() }

  /// The least value; 0 where there are none.
  public var minimum: Int { sorted.first ?? 0 }
  /// The greatest value.
  public var maximum: Int { sorted.last ?? 0 }
  /// Their sum by their number.
  public var mean: Double { Double(sorted.reduce(0, +)) / Double(max(sorted.count, 1)) }

  /// The value that so many percent do not exceed.
  public subscript(percent: Int) -> Int {
    guard !sorted.isEmpty else { return 0 }
    return sorted[max(0, (sorted.count * percent + 99) / 100 - 1)]
  }

  /// `{"min", "mean", "p50", …, "max"}`.
  public func json(_ percents: [Int]) -> JSONValue {
    let json: JSONValue = ["min": .int(minimum), "mean": .double(mean)]
    return percents.reduce(json) { $0.setting("p\($1)", .int(self[$1])) }
      .setting("max", .int(maximum))
  }
}
