/// Which of `total` rows stand for all of them, by rising indices: one of each of `limit` equal
/// stretches, since many files are sorted by what is to be told apart. Which one of a stretch, `seed`
/// decides, so that a file with a rhythm is not met at the same beat each time. nil takes all.
public func sampledRows(of total: Int, limit: Int?, seed: UInt64) -> [Int] {
  let count = min(limit ?? total, total)
  guard count < total else { return Array(0..<total) }
  return (0..<count).map { stretch in
    let first = stretch * total / count, end = (stretch + 1) * total / count
    return first + Int(mixed(seed, UInt64(stretch)) % UInt64(end - first))
  }
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood 2014) over the `index`-th number of a stream.
func mixed(_ seed: UInt64, _ index: UInt64) -> UInt64 {
  var z = seed &+ (index &+ 1) &* 0x9E37_79B9_7F4A_7C15
  z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
  z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
  return z ^ (z >> 31)
}
