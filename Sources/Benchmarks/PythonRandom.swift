/// Python's `random.Random(seed)`, so that rows and shots come in the order in which other tools take
/// them: MT19937 (Matsumoto and Nishimura 1998) with its seeding by array.
struct PythonRandom {
  private static let size = 624, middle = 397
  private var state = [UInt32](repeating: 0, count: size)
  private var next = size

  /// The generator of a seed.
  init(seed: UInt64) {
    let key =
      seed >> 32 == 0 ? [UInt32(seed)] : [UInt32(truncatingIfNeeded: seed), UInt32(seed >> 32)]
    state[0] = 19_650_218
    for i in 1..<Self.size { state[i] = 1_812_433_253 &* mixed(i) &+ UInt32(i) }
    var i = 1, j = 0
    func advance() {
      i += 1
      if i == Self.size {
        state[0] = state[Self.size - 1]
        i = 1
      }
    }
    for _ in 0..<max(Self.size, key.count) {
      state[i] = (state[i] ^ mixed(i) &* 1_664_525) &+ key[j] &+ UInt32(j)
      j = (j + 1) % key.count
      advance()
    }
    for _ in 1..<Self.size {
      state[i] = (state[i] ^ mixed(i) &* 1_566_083_941) &- UInt32(i)
      advance()
    }
    state[0] = 0x8000_0000
  }

  private func mixed(_ i: Int) -> UInt32 { state[i - 1] ^ state[i - 1] >> 30 }

  /// The next 32 bits.
  mutating func word() -> UInt32 {
    if next == Self.size { renew() }
    var y = state[next]
    next += 1
    y ^= y >> 11
    y ^= y << 7 & 0x9D2C_5680
    y ^= y << 15 & 0xEFC6_0000
    return y ^ y >> 18
  }

  private mutating func renew() {
    for i in 0..<Self.size {
      let y = state[i] & 0x8000_0000 | state[(i + 1) % Self.size] & 0x7FFF_FFFF
      let far = state[(i + Self.middle) % Self.size]
      state[i] = far ^ y >> 1 ^ (y & 1 == 0 ? 0 : 0x9908_B0DF)
    }
    next = 0
  }

  /// A number below `bound`: as many leading bits as `bound` has, drawn until they are below it.
  mutating func below(_ bound: UInt32) -> UInt32 {
    let unused = UInt32(bound.leadingZeroBitCount)
    while true {
      let value = word() >> unused
      if value < bound { return value }
    }
  }
}
