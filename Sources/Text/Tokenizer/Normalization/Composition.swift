/// Canonical decomposition and composition of Unicode scalars (UAX #15), from generated tables;
/// Hangul syllables by arithmetic.
struct Composition: Sendable {
  /// One step of decomposition; `second` is 0 where a scalar stands for one other.
  private let steps: [UInt32: (first: UInt32, second: UInt32)]
  /// first << 32 | second → the scalar they compose to.
  private let pairs: [UInt64: UInt32]
  private let classes: [UInt32: UInt8]

  static let shared = Composition()

  private static let syllables: UInt32 = 0xAC00, leads: UInt32 = 0x1100, vowels: UInt32 = 0x1161
  private static let tails: UInt32 = 0x11A7
  private static let leadCount: UInt32 = 19, vowelCount: UInt32 = 21, tailCount: UInt32 = 28

  private init() {
    var steps: [UInt32: (first: UInt32, second: UInt32)] = [:]
    var pairs: [UInt64: UInt32] = [:]
    var classes: [UInt32: UInt8] = [:]
    let rows = CharacterClass.base36(UnicodeTables.decompositions).map { UInt32($0) }
    var scalar: UInt32 = 0
    for index in stride(from: 0, to: rows.count, by: 3) {
      let (first, second) = (rows[index + 1], rows[index + 2])
      scalar += rows[index] >> 1
      steps[scalar] = (first, second)
      if rows[index] & 1 == 1 { pairs[UInt64(first) << 32 | UInt64(second)] = scalar }
    }
    let runs = CharacterClass.base36(UnicodeTables.combiningClasses)
    var end = 0
    for index in stride(from: 0, to: runs.count, by: 3) {
      let start = end + runs[index]
      end = start + runs[index + 1]
      for scalar in start..<end { classes[UInt32(scalar)] = UInt8(runs[index + 2]) }
    }
    (self.steps, self.pairs, self.classes) = (steps, pairs, classes)
  }

  /// Scalars before which a text may not be cut for normalizing: those NFC changes, those with a
  /// combining class, and those that may join the scalar before them.
  var unstable: Set<UInt32> {
    var unstable = Set(classes.keys)
    unstable.formUnion(pairs.keys.map { UInt32(truncatingIfNeeded: $0) })
    unstable.formUnion(Self.vowels..<Self.vowels + Self.vowelCount)
    unstable.formUnion(Self.tails + 1..<Self.tails + Self.tailCount)
    for (scalar, step) in steps
    where pairs[UInt64(step.first) << 32 | UInt64(step.second)] != scalar {
      unstable.insert(scalar)
    }
    return unstable
  }

  /// The canonical combining class; 0 for starters.
  func combiningClass(_ scalar: UInt32) -> UInt8 { classes[scalar] ?? 0 }

  /// Appends the full canonical decomposition.
  func decompose(_ scalar: UInt32, into out: inout [UInt32]) {
    if scalar >= Self.syllables,
      scalar < Self.syllables + Self.leadCount * Self.vowelCount * Self.tailCount
    {
      let index = scalar - Self.syllables
      out.append(Self.leads + index / (Self.vowelCount * Self.tailCount))
      out.append(Self.vowels + index / Self.tailCount % Self.vowelCount)
      if index % Self.tailCount > 0 { out.append(Self.tails + index % Self.tailCount) }
    } else if let step = steps[scalar] {
      decompose(step.first, into: &out)
      if step.second != 0 { decompose(step.second, into: &out) }
    } else {
      out.append(scalar)
    }
  }

  /// The scalar that two scalars compose to, if any.
  func compose(_ first: UInt32, _ second: UInt32) -> UInt32? {
    if first >= Self.leads, first < Self.leads + Self.leadCount,
      second >= Self.vowels, second < Self.vowels + Self.vowelCount
    {
      let lead = first - Self.leads, vowel = second - Self.vowels
      return Self.syllables + (lead * Self.vowelCount + vowel) * Self.tailCount
    }
    if second > Self.tails, second < Self.tails + Self.tailCount, first >= Self.syllables,
      first < Self.syllables + Self.leadCount * Self.vowelCount * Self.tailCount,
      (first - Self.syllables).isMultiple(of: Self.tailCount)
    {
      return first + second - Self.tails
    }
    return pairs[UInt64(first) << 32 | UInt64(second)]
  }
}
