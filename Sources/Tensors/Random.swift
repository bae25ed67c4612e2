import CKernels

/// Counter-based random numbers (Philox4x32-10): each is a pure function of (seed, stream, index), so
/// none has to be stored, and a resumed run draws what the uninterrupted one would have drawn.
public struct Random: Sendable, Hashable {
  let key: UInt64, stream: UInt64

  /// The numbers of `seed`, apart for each stream (a step, a site, an epoch…).
  public init(seed: UInt64, stream: UInt64 = 0) {
    key = seed
    self.stream = stream
  }

  /// A stream's name as a number: the first 8 bytes' FNV-1a hash.
  public static func stream(_ name: String) -> UInt64 {
    name.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
  }

  /// 64 random bits.
  public func bits(_ index: Int) -> UInt64 {
    var words: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
    withUnsafeMutableBytes(of: &words) { bytes in
      k_philox(
        bytes.baseAddress!.assumingMemoryBound(to: UInt32.self), key, UInt64(index), stream)
    }
    return UInt64(words.0) << 32 | UInt64(words.1)
  }

  /// Uniform in [0, 1) with 53 bits.
  public func uniform(_ index: Int) -> Double { Double(bits(index) >> 11) * 0x1p-53 }

  /// Standard normal by Box and Muller's transform.
  public func normal(_ index: Int) -> Double {
    let radius = (-2 * logarithm(1 - uniform(2 * index))).squareRoot()
    return radius * cosine(2 * .pi * uniform(2 * index + 1))
  }

  /// A permutation of 0..<count by Fisher and Yates.
  public func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    for index in stride(from: count - 1, to: 0, by: -1) {
      // The high half of a 128-bit product: without the bias of a remainder, for any count here.
      order.swapAt(index, Int(bits(index).multipliedFullWidth(by: UInt64(index + 1)).high))
    }
    return order
  }
}

/// A dropout whose mask is drawn again on the way back instead of being kept.
public struct Dropout: Sendable, Hashable {
  /// The probability that an element becomes 0.
  public let rate: Float
  /// Which mask.
  public let random: Random

  /// A dropout of `rate`, 0 ≤ rate < 1.
  public init(rate: Float, random: Random) {
    precondition(rate >= 0 && rate < 1, "dropout: rate \(rate)")
    self.rate = rate
    self.random = random
  }

  func applied(to x: Tensor) -> Tensor {
    let y = Tensor(x.rows, x.columns)
    apply(y.start, x, beta: 0)
    return y
  }

  func apply(_ y: UnsafeMutablePointer<Float>, _ x: Tensor, beta: Float) {
    Parallel.ranges(x.count, grain: 1 << 15) { range in
      k_dropout_f32(
        y + range.lowerBound, x.start + range.lowerBound, Int64(range.count), random.key,
        random.stream, Int64(range.lowerBound), 1 - rate, beta)
    }
  }
}
