/// Correlations of paired lists, as scipy 1.17 defines them.
public enum Correlation {
  /// Pearson's r: the cosine between the deviations from the means.
  public static func pearson(_ x: [Double], _ y: [Double]) -> Statistic {
    if let undefined = undefinedCorrelation(x, y) { return undefined }
    let meanX = mean(x), meanY = mean(y)
    var xx = 0.0, yy = 0.0, xy = 0.0
    for index in x.indices {
      let dx = x[index] - meanX, dy = y[index] - meanY
      xx += dx * dx
      yy += dy * dy
      xy += dx * dy
    }
    guard xx > 0, yy > 0 else { return .undefined("the values differ too little to tell") }
    return .value(min(1, max(-1, xy / (xx.squareRoot() * yy.squareRoot()))))
  }

  /// Spearman's ρ: Pearson's r of the ranks, tied values at their average rank.
  public static func spearman(_ x: [Double], _ y: [Double]) -> Statistic {
    if let undefined = undefinedCorrelation(x, y) { return undefined }
    return pearson(ranks(x), ranks(y))
  }

  /// Kendall's τ-b: (concordant − discordant) / √((pairs − ties in x)(pairs − ties in y)).
  ///
  /// Discordant pairs are the exchanges of a merge sort (Knight 1966): n log n.
  public static func kendall(_ x: [Double], _ y: [Double]) -> Statistic {
    if let undefined = undefinedCorrelation(x, y) { return undefined }
    let order = x.indices.sorted { (x[$0], y[$0]) < (x[$1], y[$1]) }
    var sorted = order.map { y[$0] }
    let tiesX = tiedPairs(order) { x[$0] == x[$1] }
    let tiesBoth = tiedPairs(order) { x[$0] == x[$1] && y[$0] == y[$1] }
    var scratch = sorted
    let discordant = exchanges(&sorted, &scratch, 0, sorted.count)
    let tiesY = tiedPairs(Array(sorted.indices)) { sorted[$0] == sorted[$1] }
    let pairs = x.count * (x.count - 1) / 2
    let difference = pairs - tiesX - tiesY + tiesBoth - 2 * discordant
    let scale = Double(pairs - tiesX).squareRoot() * Double(pairs - tiesY).squareRoot()
    return .value(min(1, max(-1, Double(difference) / scale)))
  }

  /// Ranks from 1 up; tied values share the average of theirs.
  public static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = values
    forEachRun(order, equal: { values[$0] == values[$1] }) { run in
      let average = Double(run.lowerBound + run.upperBound + 1) / 2
      for place in run { ranks[order[place]] = average }
    }
    return ranks
  }

  static func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  private static func tiedPairs(_ order: [Int], _ equal: (Int, Int) -> Bool) -> Int {
    var pairs = 0
    forEachRun(order, equal: equal) { pairs += $0.count * ($0.count - 1) / 2 }
    return pairs
  }

  /// Calls `body` with the places of each run of equal elements of a sorted list.
  private static func forEachRun(
    _ order: [Int], equal: (Int, Int) -> Bool, _ body: (Range<Int>) -> Void
  ) {
    var first = 0
    while first < order.count {
      var end = first + 1
      while end < order.count, equal(order[first], order[end]) { end += 1 }
      body(first..<end)
      first = end
    }
  }

  /// Sorts `values[low..<high]` and counts the pairs that stood in the wrong order.
  private static func exchanges(
    _ values: inout [Double], _ scratch: inout [Double], _ low: Int, _ high: Int
  ) -> Int {
    guard high - low > 1 else { return 0 }
    let middle = (low + high) / 2
    var count =
      exchanges(&values, &scratch, low, middle) + exchanges(&values, &scratch, middle, high)
    var left = low, right = middle
    for place in low..<high {
      if right == high || (left < middle && values[left] <= values[right]) {
        scratch[place] = values[left]
        left += 1
      } else {
        scratch[place] = values[right]
        right += 1
        count += middle - left
      }
    }
    for place in low..<high { values[place] = scratch[place] }
    return count
  }
}
