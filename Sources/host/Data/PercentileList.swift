import ArgumentParser

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
