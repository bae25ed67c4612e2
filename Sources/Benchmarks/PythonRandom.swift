/// Python's random numbers (MT19937, Matsumoto and Nishimura 1998) and its `sample`, so that shots are
/// those that everybody's tables were made with.
public struct PythonRandom: Sendable {
  private var state: [UInt32]
  private var place = 624

  /// The stream of `random.Random(seed)`.
  public init(seed: UInt32) {
    state = [19_650_218]
    for index in 1..<624 {
      state.append(Self.mixed(state[index - 1], 1_812_433_253) &+ UInt32(index))
    }
    var place = 1
    func step() { place = place == 623 ? 1 : place + 1 }
    // The key is the seed alone, so that every step adds the key's one word and its place, 0.
    for _ in 0..<624 {
      state[place] = (state[place] ^ Self.mixed(state[place - 1], 1_664_525)) &+ seed
      if place == 623 { state[0] = state[623] }
      step()
    }
    for _ in 0..<623 {
      state[place] =
        (state[place] ^ Self.mixed(state[place - 1], 1_566_083_941)) &- UInt32(place)
      if place == 623 { state[0] = state[623] }
      step()
    }
    state[0] = 0x8000_0000
  }

  private static func mixed(_ word: UInt32, _ factor: UInt32) -> UInt32 {
    (word ^ word >> 30) &* factor
  }

  /// The next 32 bits.
  public mutating func next() -> UInt32 {
    if place == 624 { refill() }
    var word = state[place]
    place += 1
    word ^= word >> 11
    word ^= word << 7 & 0x9D2C_5680
    word ^= word << 15 & 0xEFC6_0000
    return word ^ word >> 18
  }

  private mutating func refill() {
    for index in 0..<624 {
      let joined = state[index] & 0x8000_0000 | state[(index + 1) % 624] & 0x7FFF_FFFF
      state[index] =
        state[(index + 397) % 624] ^ joined >> 1 ^ (joined & 1 == 1 ? 0x9908_B0DF : 0)
    }
    place = 0
  }

  /// A number below `bound`, as `randbelow` draws it.
  public mutating func below(_ bound: Int) -> Int {
    let bits = Int.bitWidth - bound.leadingZeroBitCount
    while true {
      let value = Int(next() >> UInt32(32 - bits))
      if value < bound { return value }
    }
  }

  /// `count` different places below `bound` in the order in which they are drawn.
  public mutating func sample(_ bound: Int, _ count: Int) -> [Int] {
    precondition(count <= bound, "sample: \(count) of \(bound)")
    var most = 21
    if count > 5 {
      var power = 4
      while power < 3 * count { power *= 4 }
      most += power
    }
    if bound <= most {
      var pool = Array(0..<bound)
      return (0..<count).map { index in
        let place = below(bound - index), value = pool[place]
        pool[place] = pool[bound - index - 1]
        return value
      }
    }
    var taken: Set<Int> = []
    return (0..<count).map { _ in
      var place = below(bound)
      while !taken.insert(place).inserted { place = below(bound) }
      return place
    }
  }
}
