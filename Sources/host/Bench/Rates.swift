import Runs

/// Rates of several runs.
struct Rates {
  let all: [Double]

  init(_ rates: [Double]) { all = rates }

  var median: Double { all.sorted()[all.count / 2] }
  /// The extremes.
  var spread: String {
    "\(Format.short(all.min() ?? 0)) to \(Format.short(all.max() ?? 0)) in \(all.count) runs"
  }
  /// Half of the distance between the quartiles, as a share of the median.
  var deviation: Double {
    let sorted = all.sorted(), last = sorted.count - 1
    return (sorted[last - last / 4] - sorted[last / 4]) / 2 / median
  }
}
