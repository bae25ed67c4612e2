/// How tokens become a text again.
enum TokenDecoder: Sendable {
  /// A file without a decoder: token texts with spaces between them.
  case none
  /// The bytes that the tokens stand for, one after the other (ByteLevel alone).
  case bytes
  /// Steps that change a list of token texts; what they leave is joined.
  case steps([Step])

  enum Step: Sendable {
    case replace(TextPattern, [UInt8])
    /// Tokens `<0x0A>` in a row become the text that their bytes are; U+FFFD each if they are none.
    case byteFallback
    /// Makes one token of all.
    case fuse
    /// Takes one character away, up to so many times, at both ends of each token.
    case strip(content: [UInt8], start: Int, stop: Int)
    /// The character back to spaces; in the first token away, where a space was set before the text.
    case metaspace(Metaspace)
    /// Characters of the byte-level alphabet back to bytes; makes one token of all.
    case byteLevel
  }
}

/// Steps at work: takes tokens one by one and gives what is certain. Only texts that a later token
/// can still change are held back.
struct TokenChain: Sendable {
  private var stages: [Stage]

  init(_ steps: [TokenDecoder.Step]) {
    var isFused = false
    stages = steps.map { step in
      defer {
        switch step {
        case .fuse, .byteLevel: isFused = true
        default: break
        }
      }
      return Stage(step: step, isFused: isFused)
    }
  }

  mutating func append(_ token: [UInt8]) -> [UInt8] { pass([token], from: 0) }

  /// What was held back.
  mutating func finish() -> [UInt8] {
    var text: [UInt8] = []
    for index in stages.indices { text += pass(stages[index].finish(), from: index + 1) }
    return text
  }

  private mutating func pass(_ tokens: [[UInt8]], from first: Int) -> [UInt8] {
    var tokens = tokens
    for index in stages.indices.dropFirst(first) where !tokens.isEmpty {
      tokens = tokens.flatMap { stages[index].append($0) }
    }
    return Array(tokens.joined())
  }

  /// One step and what it must remember.
  private struct Stage: Sendable {
    let step: TokenDecoder.Step
    /// Whether what comes are parts of one token.
    let isFused: Bool
    private var held: [UInt8] = []
    private var count = 0

    init(step: TokenDecoder.Step, isFused: Bool) {
      self.step = step
      self.isFused = isFused
    }

    mutating func append(_ token: [UInt8]) -> [[UInt8]] {
      switch step {
      case .fuse: return [token]
      case .byteFallback where !isFused:
        if let byte = Vocabulary.byte(token) {
          held.append(byte)
          return []
        }
        return finish() + [token]
      case .byteLevel where !isFused:
        ByteAlphabet.decode(token[...], into: &held)
        let kept = StreamingDecoder.incompleteSuffix(held)
        let text = String(decoding: held.dropLast(kept), as: UTF8.self)
        held = held.suffix(kept)
        return [Array(text.utf8)]
      case .strip(let content, let start, 0) where isFused:
        return [strippingStart(of: token, content, start)]
      case .replace, .metaspace, .strip, .byteFallback, .byteLevel:
        guard isFused else {
          defer { count += 1 }
          return [changed(token)]
        }
        held += token
        return []
      }
    }

    mutating func finish() -> [[UInt8]] {
      defer { held = [] }
      guard !held.isEmpty else { return [] }
      switch step {
      case .byteFallback where !isFused:
        if let text = String(validating: held, as: UTF8.self) { return [Array(text.utf8)] }
        return held.map { _ in utf8(0xFFFD) }
      case .byteLevel where !isFused: return [Array(String(decoding: held, as: UTF8.self).utf8)]
      default: return [changed(held)]
      }
    }

    /// Of the one token, `count` characters of whose begin are looked at already; more than `start`
    /// when another character was met.
    private mutating func strippingStart(of token: [UInt8], _ content: [UInt8], _ start: Int)
      -> [UInt8]
    {
      var token = token[...]
      while count < start, !token.isEmpty {
        if token.starts(with: content) {
          token = token.dropFirst(content.count)
          count += 1
        } else {
          count = start
        }
      }
      return Array(token)
    }

    /// A whole token after the step.
    private func changed(_ token: [UInt8]) -> [UInt8] {
      switch step {
      case .replace(let pattern, let content): return replaced(token, pattern, content)
      case .metaspace(let metaspace):
        let isLeading = count == 0 && metaspace.prepends != .never
        return replaced(token, .literal(metaspace.replacement), isLeading ? [] : [0x20])
      case .strip(let content, let start, let stop):
        var rest = token[...]
        for _ in 0..<start where rest.starts(with: content) { rest = rest.dropFirst(content.count) }
        for _ in 0..<stop where rest.reversed().starts(with: content.reversed()) {
          rest = rest.dropLast(content.count)
        }
        return Array(rest)
      case .byteFallback:
        return Vocabulary.byte(token).map { $0 < 0x80 ? [$0] : utf8(0xFFFD) } ?? token
      case .byteLevel:
        var bytes: [UInt8] = []
        ByteAlphabet.decode(token[...], into: &bytes)
        return Array(String(decoding: bytes, as: UTF8.self).utf8)
      case .fuse: return token
      }
    }

    private func replaced(_ token: [UInt8], _ pattern: TextPattern, _ content: [UInt8]) -> [UInt8] {
      token.withUnsafeBufferPointer { bytes in
        CharacterClass.table.withUnsafeBufferPointer { classes in
          let text = Characters(bytes: bytes, classes: classes)
          var edit = TextEdit(text)
          for range in pattern.matches(in: text) { edit.replace(range, with: content) }
          return edit.finished()?.bytes ?? token
        }
      }
    }
  }
}
