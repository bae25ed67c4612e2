// Tokens to text, and single tokens.

extension Tokenizer {
  /// The number of ids: the largest id plus 1. A model's embedding may have more rows.
  public var count: Int { encoder.vocabulary.count }

  /// The id of a token by its text, as the vocabulary spells it or as an added token reads.
  public func id(of token: String) -> Int32? { encoder.vocabulary.id(of: token) }

  /// The text of a token as the vocabulary spells it; nil for ids without a token.
  public func token(of id: Int32) -> String? {
    encoder.vocabulary.token(of: id).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The bytes of the encoded text that a token stands for, which in vocabularies of SentencePiece has
  /// a visible character for each space; nil for ids without a token.
  public func bytes(of id: Int32) -> [UInt8]? { encoder.vocabulary.bytes(of: id).map(Array.init) }

  /// Whether a token is marked special, so that `decode` may skip it.
  public func isSpecial(_ id: Int32) -> Bool { specialIDs.contains(id) }

  /// The id of `eosToken`.
  public var eosID: Int32? { eosToken.flatMap(id(of:)) }

  /// The id of `padToken`.
  public var padID: Int32? { padToken.flatMap(id(of:)) }

  /// The id of `bosToken`.
  public var bosID: Int32? { bosToken.flatMap(id(of:)) }

  /// The text of tokens. Ids without a token are left out; bytes that are no UTF-8 become U+FFFD.
  public func decode(_ ids: [Int32], skipSpecialTokens: Bool = false) -> String {
    var bytes: [UInt8] = []
    guard case .bytes = decoder else {
      var stream = StreamingDecoder(self, skipSpecialTokens: skipSpecialTokens)
      return ids.reduce(into: "") { $0 += stream.append($1) } + stream.finish()
    }
    for id in ids where !(skipSpecialTokens && isSpecial(id)) {
      if let token = encoder.vocabulary.bytes(of: id) { bytes += token }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// What the decoder takes for a token's text.
  fileprivate func written(_ id: Int32) -> [UInt8]? {
    writtenTokens[id] ?? encoder.vocabulary.token(of: id).map(Array.init)
  }
}

/// Decodes token by token: holds back what a later token can still change, such as bytes that begin a
/// character. The texts together are what `Tokenizer.decode` gives for all ids.
public struct StreamingDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skipsSpecialTokens: Bool
  private var pending: [UInt8] = []
  private var chain: TokenChain?
  private var isFirst = true

  /// A decoder at the begin of a text.
  public init(_ tokenizer: Tokenizer, skipSpecialTokens: Bool = false) {
    self.tokenizer = tokenizer
    skipsSpecialTokens = skipSpecialTokens
    if case .steps(let steps) = tokenizer.decoder { chain = TokenChain(steps) }
  }

  /// The text that became certain with this token; often empty within a character.
  public mutating func append(_ id: Int32) -> String {
    if skipsSpecialTokens, tokenizer.isSpecial(id) { return "" }
    switch tokenizer.decoder {
    case .bytes: pending += tokenizer.bytes(of: id) ?? []
    case .steps:
      guard let token = tokenizer.written(id) else { return "" }
      return String(decoding: chain?.append(token) ?? [], as: UTF8.self)
    case .none:
      guard let token = tokenizer.written(id) else { return "" }
      defer { isFirst = false }
      return (isFirst ? "" : " ") + String(decoding: token, as: UTF8.self)
    }
    let held = Self.incompleteSuffix(pending)
    let text = String(decoding: pending.dropLast(held), as: UTF8.self)
    pending.removeFirst(pending.count - held)
    return text
  }

  /// What is left at the end: U+FFFD for a character that never became complete.
  public mutating func finish() -> String {
    defer { pending = [] }
    return String(decoding: chain?.finish() ?? pending, as: UTF8.self)
  }

  /// How many of the last bytes begin a character that more bytes could complete (RFC 3629).
  static func incompleteSuffix(_ bytes: [UInt8]) -> Int {
    for length in 1...3 where length <= bytes.count {
      let lead = bytes[bytes.count - length]
      if lead & 0xC0 == 0x80 { continue }
      let needed = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
      guard (0xC2...0xF4).contains(lead), length < needed else { return 0 }
      guard length > 1 else { return 1 }
      let second = bytes[bytes.count - length + 1]
      let valid: ClosedRange<UInt8> =
        switch lead {
        case 0xE0: 0xA0...0xBF
        case 0xED: 0x80...0x9F
        case 0xF0: 0x90...0xBF
        case 0xF4: 0x80...0x8F
        default: 0x80...0xBF
        }
      return valid.contains(second) ? length : 0
    }
    return 0
  }
}
