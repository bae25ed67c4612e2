import TaskKit

/// Means over rows with 95 % intervals. Rows of one prompt are not independent, so whole prompts
/// are drawn.
struct ClusteredMeans {
  /// The prompts of the rows, in their order.
  let names: [String]
  /// The rows of each prompt, by first appearance.
  private let rows: [[Int]]
  private let bootstrap: Bootstrap

  init(_ names: [String], seed: UInt64) {
    self.names = names
    rows = Dictionary(grouping: names.indices) { names[$0] }.values.sorted { $0[0] < $1[0] }
    bootstrap = Bootstrap(seed: seed)
  }

  /// The mean of each column over the rows in which it has a value; nil where it has none.
  func measures(_ columns: [[Double?]]) -> [Measure?] {
    let sums = columns.map { column in
      rows.map { rows in
        rows.reduce(into: (sum: 0.0, count: 0)) { total, row in
          guard let value = column[row] else { return }
          total.sum += value
          total.count += 1
        }
      }
    }
    func means(_ drawn: [Int]) -> [Double?] {
      sums.map { column in
        let total = drawn.reduce(into: (sum: 0.0, count: 0)) { total, prompt in
          total.sum += column[prompt].sum
          total.count += column[prompt].count
        }
        return total.count == 0 ? nil : total.sum / Double(total.count)
      }
    }
    let values = means(Array(rows.indices))
    let intervals = bootstrap.intervals(clusters: rows.count, means)
    return zip(zip(values, intervals), columns).map { pair, column in
      pair.0.map { value in
        Measure(
          value, low: pair.1?.low, high: pair.1?.high, count: column.count { $0 != nil })
      }
    }
  }

  /// The interval of a statistic of the rows, which is told how often each of them counts.
  func interval(_ statistic: (_ times: [Int]) -> Double?) -> (low: Double, high: Double)? {
    bootstrap.intervals(clusters: rows.count) { drawn in
      var times = Array(repeating: 0, count: names.count)
      for prompt in drawn {
        for row in rows[prompt] { times[row] += 1 }
      }
      return [statistic(times)]
    }[0]
  }

  /// What a report says of its intervals.
  var note: JSON {
    .string(
      "95 %, \(bootstrap.resamples) resamples of \(rows.count) prompts, seed \(bootstrap.seed)")
  }
}

extension [Double] {
  /// The mean; nil of nothing.
  var mean: Double? { isEmpty ? nil : reduce(0, +) / Double(count) }
}
