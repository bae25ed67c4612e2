/// A canonical Huffman code, as a table that is looked up with the next bits of the stream.
struct HuffmanTable {
  /// The longest code, in bits.
  let bits: Int
  /// For every run of `bits` bits, first bit lowest: symbol · 16 + length; 0 where no code begins.
  let entries: [UInt16]

  /// The code whose symbols have these lengths, 0 for one that is not used (RFC 1951, 3.2.2). Nil
  /// for lengths that are no code; a code may leave bits unused only where it has one symbol.
  init?(lengths: ArraySlice<UInt8>) {
    let longest = Int(lengths.max() ?? 0)
    bits = max(1, longest)
    var counts = [Int](repeating: 0, count: 16)
    for length in lengths where length > 0 { counts[Int(length)] += 1 }
    var next = [Int](repeating: 0, count: 17), room = 1
    for length in 1...15 {
      room = 2 * room - counts[length]
      guard room >= 0 else { return nil }
      next[length + 1] = (next[length] + counts[length]) << 1
    }
    guard room == 0 || counts.reduce(0, +) <= 1 else { return nil }
    var table = [UInt16](repeating: 0, count: 1 << bits)
    for (symbol, length) in lengths.enumerated() where length > 0 {
      let length = Int(length), code = next[length]
      next[length] += 1
      let first = Self.reversed(code, length)
      for place in stride(from: first, to: table.count, by: 1 << length) {
        table[place] = UInt16(symbol << 4 | length)
      }
    }
    entries = table
  }

  private static func reversed(_ code: Int, _ length: Int) -> Int {
    (0..<length).reduce(0) { $0 << 1 | code >> $1 & 1 }
  }
}
