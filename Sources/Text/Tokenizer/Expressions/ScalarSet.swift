/// A set of Unicode scalars, as sorted ranges that neither meet nor overlap.
struct ScalarSet: Sendable, Equatable {
  private(set) var ranges: [ClosedRange<UInt32>] = []

  static let last: UInt32 = 0x10FFFF
  static let all = ScalarSet([0...last])

  init(_ ranges: [ClosedRange<UInt32>] = []) {
    for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      if let previous = self.ranges.last, range.lowerBound <= previous.upperBound + 1 {
        let upper = max(previous.upperBound, range.upperBound)
        self.ranges[self.ranges.count - 1] = previous.lowerBound...upper
      } else {
        self.ranges.append(range)
      }
    }
  }

  init(_ scalar: UInt32) { ranges = [scalar...scalar] }

  /// A generated table: pairs of gap since the end of the last range and length.
  init(table: String) {
    var end: UInt32 = 0, ranges: [ClosedRange<UInt32>] = []
    let numbers = CharacterClass.base36(table)
    for index in stride(from: 0, to: numbers.count - 1, by: 2) {
      let start = end + UInt32(numbers[index])
      end = start + UInt32(numbers[index + 1])
      ranges.append(start...end - 1)
    }
    self.init(ranges)
  }

  var isEmpty: Bool { ranges.isEmpty }

  var inverted: ScalarSet {
    var next: UInt32 = 0, gaps: [ClosedRange<UInt32>] = []
    for range in ranges {
      if range.lowerBound > next { gaps.append(next...range.lowerBound - 1) }
      next = range.upperBound + 1
    }
    if next <= Self.last { gaps.append(next...Self.last) }
    return ScalarSet(gaps)
  }

  func union(_ other: ScalarSet) -> ScalarSet { ScalarSet(ranges + other.ranges) }

  func intersection(_ other: ScalarSet) -> ScalarSet {
    inverted.union(other.inverted).inverted
  }

  func contains(_ scalar: UInt32) -> Bool {
    var low = 0, high = ranges.count
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < scalar { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].lowerBound <= scalar
  }

  /// The set with the other cases of its letters: of ASCII's, and the two scalars beyond that fold to
  /// one of them (U+017F to s, U+212A to k). nil where it holds some of the other letters with a case
  /// but not all, since how those fold is not known here.
  var foldingCase: ScalarSet? {
    let kin: [UInt32: UInt32] = [0x73: 0x17F, 0x6B: 0x212A]
    var folded = self
    for lower in UInt32(0x61)...0x7A {
      let family = [lower, lower - 0x20] + (kin[lower].map { [$0] } ?? [])
      guard family.contains(where: contains) else { continue }
      folded = folded.union(ScalarSet(family.map { $0...$0 }))
    }
    let others = UnicodeCategory.sets.cased.intersection(
      ScalarSet([0x80...0x17E, 0x180...0x2129, 0x212B...Self.last]))
    let held = intersection(others)
    return held.isEmpty || held == others ? folded : nil
  }
}

/// A set laid out for quick questions: one bit for each scalar of the first plane.
struct ScalarTable: Sendable {
  private var bits = [UInt64](repeating: 0, count: 1024)
  private let beyond: ScalarSet

  init(_ set: ScalarSet) {
    for range in set.ranges where range.lowerBound < 0x10000 {
      for scalar in range.lowerBound...min(range.upperBound, 0xFFFF) {
        bits[Int(scalar >> 6)] |= 1 << UInt64(scalar & 63)
      }
    }
    beyond = set.intersection(ScalarSet([0x10000...ScalarSet.last]))
  }

  @inline(__always)
  func contains(_ scalar: UInt32) -> Bool {
    scalar < 0x10000
      ? bits[Int(scalar >> 6)] >> UInt64(scalar & 63) & 1 == 1 : beyond.contains(scalar)
  }
}
