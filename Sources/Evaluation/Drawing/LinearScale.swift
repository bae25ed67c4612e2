import Tasks

/// Where the values of an axis are drawn, and which are named.
struct LinearScale {
  /// The ends of the axis.
  let low: Double, high: Double
  /// Named values, in steps of 1, 2 or 5 times a power of ten.
  let ticks: [Double]
  private let decimals: Int
  private let start: Double, end: Double

  /// A scale over `axis`'s range, widened to hold all `values` and, for bars, 0; drawn from `start`
  /// to `end`.
  init(
    _ axis: Chart.Axis, values: [Double], holdsZero: Bool = false, from start: Double,
    to end: Double
  ) {
    let given = [axis.low, axis.high].compactMap(\.self)
    let all = (values + given + (holdsZero ? [0] : [])).map(Self.bounded)
    var low = all.min() ?? 0, high = all.max() ?? 1
    // A range too narrow for numbers of this size, or none at all, could not be divided.
    if high - low <= 1e-9 * max(abs(low), abs(high)) {
      let room = max(0.5, abs(low) * 0.1)
      (low, high) = (low - room, high + room)
    }
    let step = Self.step(for: (high - low) / 5)
    if axis.low == nil || axis.low != low { low = (low / step + 1e-9).rounded(.down) * step }
    if axis.high == nil || axis.high != high { high = (high / step - 1e-9).rounded(.up) * step }
    self.low = low
    self.high = high
    self.start = start
    self.end = end
    let first = Int((low / step - 1e-9).rounded(.up)),
      last = Int((high / step + 1e-9).rounded(.down))
    ticks = first <= last ? (first...last).map { Double($0) * step } : []
    decimals = step >= 1 ? 0 : step >= 0.1 ? 1 : step >= 0.01 ? 2 : 4
  }

  /// The place of `value`.
  func callAsFunction(_ value: Double) -> Double {
    start + (Self.bounded(value) - low) / (high - low) * (end - start)
  }

  /// Numbers beyond any quantity worth drawing are drawn at the end of what can be.
  private static func bounded(_ value: Double) -> Double { min(1e100, max(-1e100, value)) }

  /// The name of a tick; tiny ones as a number and a power of ten.
  func name(_ tick: Double) -> String {
    guard max(abs(low), abs(high)) < 1e-3, tick != 0 else {
      return fixedPoint(tick, decimals: decimals)
    }
    var mantissa = tick, power = 0
    while abs(mantissa) < 0.999 {
      mantissa *= 10
      power -= 1
    }
    return fixedPoint(mantissa, decimals: 1) + "e\(power)"
  }

  private static func step(for rough: Double) -> Double {
    var power = 1.0
    while power > rough { power /= 10 }
    while power * 10 <= rough { power *= 10 }
    return [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough * 0.999 } ?? power
  }
}
