/// Random numbers of one row of one epoch: the same in every run, independent between rows.
/// ```swift
/// var random = RowGenerator(index: index, epoch: epoch, seed: seed)
/// let annotator = annotators.randomElement(using: &random)
/// ```
/// SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number generators").
public struct RowGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Creates the generator of row `index` in `epoch`.
  public init(index: Int, epoch: Int, seed: UInt64) {
    state = seed
    for part in [index, epoch] {
      state = next() ^ UInt64(bitPattern: Int64(part))
    }
  }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
