/// Why a deflated stream cannot be read.
enum InflateFault: Error, Hashable {
  case truncated, badBlock, badCode, badDistance
}

/// Unpacks a deflated stream (RFC 1951), a chunk at a time.
final class Inflate {
  private static let window = 1 << 15, longestMatch = 258
  private let input: BitReader
  private let emit: (UnsafeRawBufferPointer) throws -> Void
  private let output = UnsafeMutableRawBufferPointer.allocate(
    byteCount: window + 1 << 17, alignment: 16)
  /// Where the next byte goes; where the bytes begin that nobody has got yet. What stands before
  /// is the stream's last 32 KiB.
  private var place = 0, unread = 0

  /// Unpacks what `refill` brings, and lends each unpacked chunk to `emit`.
  init(
    _ refill: @escaping BitReader.Refill, emit: @escaping (UnsafeRawBufferPointer) throws -> Void
  ) {
    input = BitReader(refill)
    self.emit = emit
  }

  deinit { output.deallocate() }

  /// Reads the whole stream.
  func run() throws {
    var isLast = false
    while !isLast {
      isLast = try input.take(1) == 1
      switch try input.take(2) {
      case 0: try stored()
      case 1: try compressed(Self.fixedLiterals, Self.fixedDistances)
      case 2:
        let (literals, distances) = try tables()
        try compressed(literals, distances)
      default: throw InflateFault.badBlock
      }
    }
    try flush()
  }

  /// Bytes behind the stream that were fetched already.
  var unreadBytes: Int { input.unread }

  private func flush() throws {
    try emit(UnsafeRawBufferPointer(rebasing: output[unread..<place]))
    let kept = min(place, Self.window)
    output.copyMemory(from: UnsafeRawBufferPointer(rebasing: output[place - kept..<place]))
    (place, unread) = (kept, kept)
  }

  private func stored() throws {
    input.alignToByte()
    let count = try input.take(16)
    guard try input.take(16) == ~count & 0xFFFF else { throw InflateFault.badBlock }
    for _ in 0..<count {
      if place == output.count { try flush() }
      output[place] = UInt8(truncatingIfNeeded: try input.take(8))
      place += 1
    }
  }

  private func compressed(_ literals: HuffmanTable, _ distances: HuffmanTable) throws {
    while true {
      if place + Self.longestMatch > output.count { try flush() }
      let symbol = try input.symbol(literals)
      if symbol < 256 {
        output[place] = UInt8(truncatingIfNeeded: symbol)
        place += 1
        continue
      }
      if symbol == 256 { return }
      guard symbol - 257 < Self.lengths.count else { throw InflateFault.badCode }
      let (base, extra) = Self.lengths[symbol - 257]
      let length = base + (try input.take(extra))
      let code = try input.symbol(distances)
      guard code < Self.distances.count else { throw InflateFault.badCode }
      let (near, more) = Self.distances[code]
      let distance = near + (try input.take(more))
      guard distance <= place else { throw InflateFault.badDistance }
      // One by one: source and target overlap where the distance is below the length.
      for index in place..<place + length { output[index] = output[index - distance] }
      place += length
    }
  }

  /// The two codes in front of a block of kind 2 (RFC 1951, 3.2.7).
  private func tables() throws -> (HuffmanTable, HuffmanTable) {
    let literals = try input.take(5) + 257, distances = try input.take(5) + 1
    var order = [UInt8](repeating: 0, count: 19)
    for place in Self.order.prefix(try input.take(4) + 4) {
      order[place] = UInt8(try input.take(3))
    }
    guard let code = HuffmanTable(lengths: order[...]) else { throw InflateFault.badBlock }
    var lengths: [UInt8] = []
    while lengths.count < literals + distances {
      let symbol = try input.symbol(code)
      switch symbol {
      case 16:
        guard let last = lengths.last else { throw InflateFault.badBlock }
        lengths += Array(repeating: last, count: try input.take(2) + 3)
      case 17: lengths += Array(repeating: 0, count: try input.take(3) + 3)
      case 18: lengths += Array(repeating: 0, count: try input.take(7) + 11)
      default: lengths.append(UInt8(symbol))
      }
    }
    guard lengths.count == literals + distances, lengths[256] > 0,
      let first = HuffmanTable(lengths: lengths[..<literals]),
      let second = HuffmanTable(lengths: lengths[literals...])
    else { throw InflateFault.badBlock }
    return (first, second)
  }

  private static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

  /// Shortest length and number of extra bits of the symbols 257…285 (RFC 1951, 3.2.5).
  private static let lengths: [(Int, Int)] = {
    var list: [(Int, Int)] = [], base = 3
    for symbol in 0..<28 {
      let extra = symbol < 8 ? 0 : symbol / 4 - 1
      list.append((base, extra))
      base += 1 << extra
    }
    return list + [(258, 0)]
  }()

  /// Shortest distance and number of extra bits of the distance codes 0…29.
  private static let distances: [(Int, Int)] = {
    var list: [(Int, Int)] = [], base = 1
    for symbol in 0..<30 {
      let extra = symbol < 4 ? 0 : symbol / 2 - 1
      list.append((base, extra))
      base += 1 << extra
    }
    return list
  }()

  private static let fixedLiterals: HuffmanTable = {
    let lengths = (0..<288).map { symbol -> UInt8 in
      symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8
    }
    return HuffmanTable(lengths: lengths[...])!
  }()
  private static let fixedDistances = HuffmanTable(
    lengths: ArraySlice(repeating: 5, count: 32))!
}
