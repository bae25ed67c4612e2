/// SHA-1 (FIPS 180-4), by which git names what it keeps; of small files alone.
struct SHA1: Sendable {
  private var h: [UInt32] = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0]
  private var rest: [UInt8] = [], count = 0
  private var w = [UInt32](repeating: 0, count: 80)

  /// Adds bytes.
  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    count += bytes.count
    var start = 0
    if !rest.isEmpty {
      start = min(64 - rest.count, bytes.count)
      rest += bytes[..<start]
      guard rest.count == 64 else { return }
      let block = rest
      block.withUnsafeBytes { add($0, at: 0) }
      rest.removeAll(keepingCapacity: true)
    }
    while bytes.count - start >= 64 {
      add(bytes, at: start)
      start += 64
    }
    rest += bytes[start...]
  }

  /// The hash of all bytes so far, as 40 hexadecimal digits.
  var hexadecimal: String {
    var ended = self
    let bits = UInt64(count) * 8
    var padding: [UInt8] = [0x80]
    padding += [UInt8](repeating: 0, count: (119 - count % 64) % 64)
    padding += (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * UInt64($0))) }
    padding.withUnsafeBytes { ended.update($0) }
    let digits = Array("0123456789abcdef")
    return ended.h.reduce(into: "") { text, word in
      for shift in stride(from: 28, through: 0, by: -4) {
        text.append(digits[Int(word >> shift & 15)])
      }
    }
  }

  /// A block of 64 bytes, with the letters of the standard (section 6.1.2).
  private mutating func add(_ bytes: UnsafeRawBufferPointer, at start: Int) {
    for t in 0..<16 {
      w[t] = UInt32(
        bigEndian: bytes.loadUnaligned(fromByteOffset: start + 4 * t, as: UInt32.self))
    }
    for t in 16..<80 { w[t] = Self.rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1) }
    var (a, b, c, d, e) = (h[0], h[1], h[2], h[3], h[4])
    for t in 0..<80 {
      let f: UInt32
      let k: UInt32
      switch t / 20 {
      case 0: (f, k) = (b & c | ~b & d, 0x5A82_7999)
      case 1: (f, k) = (b ^ c ^ d, 0x6ED9_EBA1)
      case 2: (f, k) = (b & c | b & d | c & d, 0x8F1B_BCDC)
      default: (f, k) = (b ^ c ^ d, 0xCA62_C1D6)
      }
      (a, b, c, d, e) = (Self.rotate(a, 5) &+ f &+ e &+ k &+ w[t], a, Self.rotate(b, 30), c, d)
    }
    for (index, value) in [a, b, c, d, e].enumerated() { h[index] &+= value }
  }

  private static func rotate(_ x: UInt32, _ n: UInt32) -> UInt32 { x << n | x >> (32 - n) }
}
