import JSON
import Ranks
import Tracking

/// Where the time of steps went at each rank, and which one the others wait for: `logs/ranks.jsonl`, a
/// row beside each of the log. Times are nobody's result: no other file of a run has any.
final class RankRecord {
  /// Seconds of one rank, of a step or of several.
  struct Times: Parcel {
    var compute = 0.0, wait = 0.0, read = 0.0
    /// What others may wait for.
    var busy: Double { compute + read }
  }

  private let group: Group, log: MetricsLog?
  private let clock = ContinuousClock()
  private var start = ContinuousClock.now, waited = 0.0, read = 0.0
  /// Sums since the last row, by rank; how often each was the last one, and by how much.
  private var window: [Times], steps = 0
  private var last: [Int], behind: [Double], all = 0

  /// A record in the run's folder, which rank 0 keeps, and which goes on after `step`.
  init(_ group: Group, _ folder: String, after step: Int) throws {
    self.group = group
    window = Array(repeating: Times(), count: group.count)
    last = Array(repeating: 0, count: group.count)
    behind = Array(repeating: 0, count: group.count)
    log =
      group.isFirst
      ? try MetricsLog(path: folder + "/logs/ranks.jsonl", keepingThrough: step) : nil
  }

  /// A step begins.
  func begin() {
    start = clock.now
    waited = group.traffic.waited
    read = 0
  }

  /// Its rows are there.
  func hasRead() { read = seconds - (group.traffic.waited - waited) }

  private var seconds: Double { (clock.now - start) / .seconds(1) }

  /// The step is done: the share of it that ranks waited, and the one that they waited for. `isRow`: the
  /// log gets a row.
  func end(_ step: Int, isRow: Bool) throws -> (waiting: Double, slowest: Int) {
    let wait = group.traffic.waited - waited
    let own = Times(compute: max(0, seconds - wait - read), wait: wait, read: read)
    let times = try group.inOrder("how long a step took", of: group.count, [(group.rank, own)])
    let slowest = note(times)
    if isRow { try write(step) }
    let whole = times.reduce(0) { $0 + $1.busy + $1.wait }
    return (times.reduce(0) { $0 + $1.wait } / max(whole, 1e-9), slowest)
  }

  private func note(_ times: [Times]) -> Int {
    for (rank, times) in times.enumerated() {
      window[rank].compute += times.compute
      window[rank].wait += times.wait
      window[rank].read += times.read
    }
    steps += 1
    all += 1
    let order = times.indices.sorted { times[$0].busy > times[$1].busy }
    last[order[0]] += 1
    behind[order[0]] += times[order[0]].busy - times[order[1]].busy
    return order[0]
  }

  private func write(_ step: Int) throws {
    var ranks = JSONValue.emptyObject
    for (name, part) in [
      ("compute", \Times.compute), ("wait", \Times.wait), ("read", \Times.read),
    ] {
      ranks = ranks.setting(name, Self.spread(window.map { $0[keyPath: part] / Double(steps) }))
    }
    try log?.append(["step": .int(step), "ranks": ranks])
    window = window.map { _ in Times() }
    steps = 0
  }

  /// Least, median and greatest, and the rank that has that: `[0.2, 0.3, 0.9, 2]`, seconds of a step.
  private static func spread(_ values: [Double]) -> JSONValue {
    let sorted = values.sorted(), count = sorted.count
    let median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    let who = values.firstIndex(of: sorted[count - 1]) ?? 0
    return .array(
      [sorted[0], median, sorted[count - 1]].map { .double($0) } + [.int(who)])
  }

  /// Which rank was the last most often; nil where no step was done.
  var sentence: String? {
    guard all > 0, let most = last.max(), let rank = last.firstIndex(of: most) else { return nil }
    let share = Int((100 * Double(most) / Double(all)).rounded())
    let gap = (1000 * behind[rank] / Double(most)).rounded() / 1000
    return "\(group.name(of: rank)) was the last in \(share) % of steps, by \(gap) s"
  }
}

extension RankRecord.Times {
  func pack(into bytes: inout ParcelWriter) { bytes.add([compute, wait, read]) }

  init(from bytes: inout ParcelReader) {
    let values = bytes.take([Double].self)
    (compute, wait, read) = (values[0], values[1], values[2])
  }
}
