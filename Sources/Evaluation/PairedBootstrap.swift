import Tasks

/// 95 % interval of a mean by resampling (Efron 1979). Given one difference a row it is the paired
/// interval of two models asked the same rows, which is far narrower than two intervals side by side.
/// Rows of one cluster (a user's, a clip's) are not independent: whole clusters are drawn.
public struct PairedBootstrap: Sendable {
  /// Number of resamples; seed of the draws.
  public var resamples: Int, seed: UInt64

  /// Describes a bootstrap.
  public init(resamples: Int = 2000, seed: UInt64) {
    self.resamples = resamples
    self.seed = seed
  }

  /// The mean of `values` with the 2.5th and 97.5th percentile of the means of resamples; nil for no
  /// values. `clusters` names what each value belongs to; none: each stands for itself. One alone
  /// has no interval.
  public func mean(_ values: [Double], clusters: [String] = []) -> Measure? {
    guard !values.isEmpty else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    let drawn = sums(values, clusters)
    guard drawn.count > 1 else {
      return Measure(value: mean, count: values.count)
    }
    let means = (0..<resamples).map { resample in
      var random = SplitMix64(state: seed &+ UInt64(resample) &* 0xD134_2543_DE82_EF95)
      var sum = 0.0, rows = 0
      for _ in drawn {
        let cluster = drawn[Int(random.next() % UInt64(drawn.count))]
        sum += cluster.sum
        rows += cluster.rows
      }
      return sum / Double(rows)
    }.sorted()
    return Measure(
      value: mean, low: Self.percentile(0.025, of: means), high: Self.percentile(0.975, of: means),
      count: values.count)
  }

  /// What is drawn: the sum and the number of the values of each cluster, by first appearance.
  private func sums(_ values: [Double], _ clusters: [String]) -> [(sum: Double, rows: Int)] {
    guard !clusters.isEmpty else { return values.map { ($0, 1) } }
    precondition(
      clusters.count == values.count,
      "bootstrap: \(clusters.count) clusters for \(values.count) values")
    var sums: [(sum: Double, rows: Int)] = [], places: [String: Int] = [:]
    for (cluster, value) in zip(clusters, values) {
      let place = places[cluster] ?? sums.count
      if place == sums.count {
        places[cluster] = place
        sums.append((0, 0))
      }
      sums[place].sum += value
      sums[place].rows += 1
    }
    return sums
  }

  /// Linear between the neighbours, as numpy's default.
  static func percentile(_ share: Double, of sorted: [Double]) -> Double {
    let position = share * Double(sorted.count - 1), below = Int(position)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + (position - Double(below)) * (sorted[above] - sorted[below])
  }
}

/// Random numbers for drawing rows (Steele, Lea and Flood 2014).
private struct SplitMix64 {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
