import TaskKit

/// 95 % intervals by resampling users (Efron 1979): windows of one user overlap, so whole users are
/// drawn, with replacement.
struct Bootstrap {
  /// The number of resamples, the seed of the draws.
  let resamples = 1000, seed: UInt64
  /// The users' rows.
  private let rows: [[Int]]
  private let count: Int

  init(users: [String], seed: UInt64) {
    self.seed = seed
    count = users.count
    rows = Dictionary(grouping: users.indices) { users[$0] }.values.sorted { $0[0] < $1[0] }
  }

  /// The number of users.
  var users: Int { rows.count }

  /// The 2.5th and 97.5th percentile of each of `statistic`'s values; it is told how often each row
  /// counts. Nil for all where there are fewer than 2 users, and for one that fewer than half of the
  /// resamples define.
  func intervals(_ statistic: (_ times: [Int]) -> [Double?]) -> [(low: Double, high: Double)?] {
    let width = statistic(Array(repeating: 1, count: count)).count
    guard rows.count >= 2 else { return Array(repeating: nil, count: width) }
    var columns = Array(repeating: [Double](), count: width)
    for resample in 0..<resamples {
      var random = RowGenerator(index: resample, epoch: 0, seed: seed)
      var times = Array(repeating: 0, count: count)
      for _ in rows {
        for row in rows[Int.random(in: rows.indices, using: &random)] { times[row] += 1 }
      }
      for (column, value) in statistic(times).enumerated() {
        if let value { columns[column].append(value) }
      }
    }
    return columns.map { column in
      guard 2 * column.count >= resamples else { return nil }
      let sorted = column.sorted()
      return (Self.percentile(0.025, of: sorted), Self.percentile(0.975, of: sorted))
    }
  }

  /// Linear between the neighbours, as numpy's default.
  static func percentile(_ share: Double, of sorted: [Double]) -> Double {
    let position = share * Double(sorted.count - 1), below = Int(position)
    let above = min(below + 1, sorted.count - 1)
    return sorted[below] + (position - Double(below)) * (sorted[above] - sorted[below])
  }
}
