/// Token texts by id and ids by text: one arena of UTF-8 and an open-addressing table over it,
/// because a dictionary of 150,000 strings takes longer to fill than the file takes to read.
struct Vocabulary: Sendable {
  /// Ids at or above this are refused: no published vocabulary is near, and tables are sized by it.
  static let maximumCount = 1 << 22

  private var text: [UInt8] = []
  private var textRanges: [(start: Int32, length: Int32)] = []
  private var bytes: [UInt8] = []
  private var byteRanges: [(start: Int32, length: Int32)] = []
  private var slots: [Int32]
  private let mask: Int
  private let spelling: Spelling
  /// Tokens that byte-pair encoding knows nothing of.
  private var addedIDs: Set<Int32> = []
  /// The number of tokens that it knows.
  private(set) var modelCount = 0

  /// How token texts stand for bytes.
  enum Spelling: Sendable {
    /// Each character of the byte-level alphabet for its byte.
    case alphabet
    /// The text for itself.
    case text
    /// The text for itself, but `<0x0A>` for one byte.
    case textWithBytes
  }

  /// The largest id, plus 1.
  var count: Int { textRanges.count }

  /// Room for `capacity` tokens.
  init(capacity: Int, spelling: Spelling) {
    self.spelling = spelling
    let size = Self.tableSize(capacity)
    slots = [Int32](repeating: -1, count: size)
    mask = size - 1
    text.reserveCapacity(capacity * 8)
    textRanges.reserveCapacity(capacity)
  }

  /// The power of two that keeps a table of `capacity` entries at most half full.
  static func tableSize(_ capacity: Int) -> Int {
    var size = 16
    while size < capacity * 2 { size *= 2 }
    return size
  }

  /// Adds a token. False if the id or the text is taken by another.
  mutating func insert(_ token: String, id: Int, isAdded: Bool = false) -> Bool {
    precondition(id >= 0 && id < Self.maximumCount, "vocabulary: id \(id)")
    var token = token
    guard token.withUTF8({ insert($0, id: Int32(id)) }) else { return false }
    if isAdded { addedIDs.insert(Int32(id)) } else { modelCount += 1 }
    return true
  }

  private mutating func insert(_ token: UnsafeBufferPointer<UInt8>, id: Int32) -> Bool {
    var slot = Self.hash(token) & mask
    while slots[slot] >= 0 {
      if equals(slots[slot], token) { return slots[slot] == id }
      slot = (slot + 1) & mask
    }
    while textRanges.count <= Int(id) {
      textRanges.append((0, -1))
      byteRanges.append((0, -1))
    }
    guard textRanges[Int(id)].length < 0 else { return false }
    slots[slot] = id
    textRanges[Int(id)] = (Int32(text.count), Int32(token.count))
    text.append(contentsOf: token)
    setBytes(of: id, spelledAs: Array(token))
    return true
  }

  /// Lets a token stand for what another text would stand for.
  mutating func setBytes(of id: Int32, spelledAs token: [UInt8]) {
    let start = bytes.count
    switch spelling {
    case .alphabet: ByteAlphabet.decode(token[...], into: &bytes)
    case .textWithBytes:
      if let byte = Self.byte(token) { bytes.append(byte) } else { bytes += token }
    case .text: bytes += token
    }
    byteRanges[Int(id)] = (Int32(start), Int32(bytes.count - start))
  }

  /// The byte that a token `<0x0A>` stands for; nil for others.
  static func byte(_ token: some Collection<UInt8>) -> UInt8? {
    guard token.count == 6, token.starts(with: "<0x".utf8), token.suffix(1).first == 0x3E else {
      return nil
    }
    return UInt8(String(decoding: token.dropFirst(3).prefix(2), as: UTF8.self), radix: 16)
  }

  /// The id of a text that byte-pair encoding itself knows.
  func modelID(of token: UnsafeBufferPointer<UInt8>) -> Int32? {
    guard let id = id(of: token), addedIDs.isEmpty || !addedIDs.contains(id) else { return nil }
    return id
  }

  /// The id of a token's text.
  func id(of token: UnsafeBufferPointer<UInt8>) -> Int32? {
    var slot = Self.hash(token) & mask
    while slots[slot] >= 0 {
      if equals(slots[slot], token) { return slots[slot] }
      slot = (slot + 1) & mask
    }
    return nil
  }

  /// The id of a token's text.
  func id(of token: String) -> Int32? {
    var token = token
    return token.withUTF8 { id(of: $0) }
  }

  /// The text of a token as the vocabulary spells it.
  func token(of id: Int32) -> ArraySlice<UInt8>? {
    guard id >= 0, id < count, textRanges[Int(id)].length >= 0 else { return nil }
    let (start, length) = textRanges[Int(id)]
    return text[Int(start)..<Int(start + length)]
  }

  /// The bytes a token stands for.
  func bytes(of id: Int32) -> ArraySlice<UInt8>? {
    guard id >= 0, id < count, byteRanges[Int(id)].length >= 0 else { return nil }
    let (start, length) = byteRanges[Int(id)]
    return bytes[Int(start)..<Int(start + length)]
  }

  /// The number of bytes a token stands for.
  @inline(__always)
  func byteCount(of id: Int32) -> Int { Int(byteRanges[Int(id)].length) }

  @inline(__always)
  private func equals(_ id: Int32, _ token: UnsafeBufferPointer<UInt8>) -> Bool {
    let (start, length) = textRanges[Int(id)]
    guard Int(length) == token.count else { return false }
    for index in 0..<token.count where text[Int(start) + index] != token[index] { return false }
    return true
  }

  /// FNV-1a, its high bits folded in.
  @inline(__always)
  private static func hash(_ token: UnsafeBufferPointer<UInt8>) -> Int {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in token { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return Int(truncatingIfNeeded: hash ^ hash >> 29)
  }
}
