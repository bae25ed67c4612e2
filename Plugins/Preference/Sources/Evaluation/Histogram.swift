/// Ranges of equal width, whose ends are multiples of a round number.
struct Histogram {
  /// The lower end of each range.
  let names: [String]

  private let step: Double, first: Double

  /// At most `bars` ranges, so many that all values lie in them.
  init(_ values: [Double], bars: Int) {
    let low = values.min() ?? 0, high = values.max() ?? 0
    let (step, decimals) = Self.step(atLeast: (high - low) / Double(max(1, bars - 2)))
    let first = (low / step).rounded(.down), last = (high / step).rounded(.down)
    (self.step, self.first) = (step, first)
    names = (0...Int(last - first)).map { Self.name((first + Double($0)) * step, decimals) }
  }

  /// How many of `values`, which must lie in the ranges, lie in each.
  func counts(of values: [Double]) -> [Int] {
    var counts = Array(repeating: 0, count: names.count)
    for value in values { counts[Int((value / step).rounded(.down) - first)] += 1 }
    return counts
  }

  /// 1, 2 or 5 times a power of ten, no less than `width`; 1 where all values are one. And the
  /// digits behind the point that its multiples have.
  private static func step(atLeast width: Double) -> (Double, decimals: Int) {
    guard width > 0 else { return (1, 0) }
    var power = 1.0, decimals = 0
    while power > width { (power, decimals) = (power / 10, decimals + 1) }
    while power * 10 <= width { (power, decimals) = (power * 10, decimals - 1) }
    let factor = [1.0, 2, 5, 10].first { $0 * power >= width } ?? 10
    return (factor * power, max(0, factor == 10 ? decimals - 1 : decimals))
  }

  private static func name(_ value: Double, _ decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let rounded = (value * scale).rounded() / scale
    if decimals == 0, rounded.magnitude < 1e15 { return String(Int(rounded)) }
    return String(rounded == 0 ? 0 : rounded)
  }
}
