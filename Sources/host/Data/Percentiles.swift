import ArgumentParser
import JSON

/// Whole numbers by size. A percentile is the smallest value that so many percent do not exceed.
struct Percentiles {
  private let sorted: [Int]

  init(_ values: [Int]) { sorted = values.sorted() }

  var minimum: Int { sorted.first ?? 0 }
  var maximum: Int { sorted.last ?? 0 }
  var mean: Double { Double(sorted.reduce(0, +)) / Double(max(sorted.count, 1)) }

  subscript(percent: Int) -> Int {
    guard !sorted.isEmpty else { return 0 }
    return sorted[max(0, (sorted.count * percent + 99) / 100 - 1)]
  }

  /// `{"min", "mean", "p50", …, "max"}`.
  func json(_ percents: [Int]) -> JSONValue {
    let json: JSONValue = ["min": .int(minimum), "mean": .double(mean)]
    return percents.reduce(json) { $0.setting("p\($1)", .int(self[$1])) }
      .setting("max", .int(maximum))
  }
}

/// `--percentiles`: a list like `50,90,99`.
struct PercentileList: ExpressibleByArgument {
  let percents: [Int]

  init(_ percents: [Int]) { self.percents = percents }

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
    let percents = parts.compactMap(\.self)
    guard percents.count == parts.count, percents.allSatisfy((0...100).contains) else { return nil }
    self.init(percents)
  }

  var defaultValueDescription: String { percents.map { "\($0)" }.joined(separator: ",") }
}
