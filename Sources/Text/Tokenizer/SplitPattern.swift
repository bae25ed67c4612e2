/// The published regular expressions that cut text into pieces, as hand-written scanners. Each
/// matches everywhere, so a piece is a match and nothing lies between pieces.
enum SplitPattern: Sendable, Equatable {
  /// GPT-2: contractions, ` ?letters`, ` ?numbers`, ` ?others`, spaces.
  case gpt2
  /// cl100k, Llama 3 and Qwen: contractions in any case, any one sign before letters, numbers cut
  /// after `maximumDigits`, line ends kept with what they end.
  case cl100k(maximumDigits: Int)

  private static let tail = #"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  private static let head = #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"#
  private static let gpt2Tail =
    #"| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#

  /// The known expressions by their exact text.
  static let known: [(name: String, text: String, pattern: SplitPattern)] = [
    ("Qwen2", head + #"\p{N}"# + tail, .cl100k(maximumDigits: 1)),
    ("Llama 3", head + #"\p{N}{1,3}"# + tail, .cl100k(maximumDigits: 3)),
    (
      "cl100k",
      #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*"#
        + #"|\s*[\r\n]|\s+(?!\S)|\s+"#, .cl100k(maximumDigits: 3)
    ),
    ("GPT-2", "'s|'t|'re|'ve|'m|'ll|'d" + gpt2Tail, .gpt2),
    ("GPT-2, short", "'(?:[sdmt]|ll|ve|re)" + gpt2Tail, .gpt2),
  ]

  /// The end of the piece that begins at `start`.
  @inline(__always)
  func end(_ text: Characters, from start: Int) -> Int {
    switch self {
    case .gpt2: Self.gpt2End(text, from: start)
    case .cl100k(let digits): Self.cl100kEnd(text, from: start, maximumDigits: digits)
    }
  }

  private static func gpt2End(_ text: Characters, from start: Int) -> Int {
    if text.bytes[start] == UInt8(ascii: "'"),
      let end = contraction(text, from: start, anyCase: false)
    {
      return end
    }
    var (kind, length) = text.character(at: start)
    var body = start
    if text.bytes[start] == UInt8(ascii: " "), start + 1 < text.count {
      let next = text.character(at: start + 1)
      if !next.class.contains(.space) {
        (body, kind, length) = (start + 1, next.class, next.length)
      }
    }
    let rest = body + length
    if kind.contains(.letter) { return text.run(of: .letter, from: rest, to: text.count) }
    if kind.contains(.number) { return text.run(of: .number, from: rest, to: text.count) }
    if kind.contains(.space) { return spacesEnd(text, from: start) }
    return text.run(without: [.letter, .number, .space], from: rest, to: text.count)
  }

  private static func cl100kEnd(_ text: Characters, from start: Int, maximumDigits: Int) -> Int {
    let first = text.bytes[start], count = text.count
    if first == UInt8(ascii: "'"), let end = contraction(text, from: start, anyCase: true) {
      return end
    }
    let (kind, length) = text.character(at: start)
    var next = start + length
    if kind.contains(.letter) { return text.run(of: .letter, from: next, to: count) }
    if kind.contains(.number) {
      var digits = 1
      while digits < maximumDigits, next < count {
        let (kind, length) = text.character(at: next)
        guard kind.contains(.number) else { break }
        (next, digits) = (next + length, digits + 1)
      }
      return next
    }
    let isSpace = kind.contains(.space)
    if next < count, first != 0x0A, first != 0x0D {
      let (following, length) = text.character(at: next)
      if following.contains(.letter) {
        return text.run(of: .letter, from: next + length, to: count)
      }
      if isSpace {
        let takesOthers =
          first == UInt8(ascii: " ") && following.isDisjoint(with: [.letter, .number, .space])
        guard takesOthers else { return linesEnd(text, from: start) }
        next += length
      }
    } else if isSpace {
      return linesEnd(text, from: start)
    }
    next = text.run(without: [.letter, .number, .space], from: next, to: count)
    while next < count, text.bytes[next] == 0x0A || text.bytes[next] == 0x0D { next += 1 }
    return next
  }

  /// `\s*[\r\n]+|\s+(?!\S)|\s+`
  private static func linesEnd(_ text: Characters, from start: Int) -> Int {
    let end = text.run(of: .space, from: start, to: text.count)
    var line = end
    while line > start {
      if text.bytes[line - 1] == 0x0A || text.bytes[line - 1] == 0x0D { return line }
      line -= 1
    }
    return lookahead(text, from: start, to: end)
  }

  /// `\s+(?!\S)|\s+`
  private static func spacesEnd(_ text: Characters, from start: Int) -> Int {
    lookahead(text, from: start, to: text.run(of: .space, from: start, to: text.count))
  }

  /// Spaces before a word leave their last one to the word, if there are two.
  private static func lookahead(_ text: Characters, from start: Int, to end: Int) -> Int {
    if end == text.count { return end }
    let last = text.before(end)
    return last > start ? last : end
  }

  /// `'s|'t|'re|'ve|'m|'ll|'d`; in any case, 's also with U+017F, the long s.
  private static func contraction(_ text: Characters, from start: Int, anyCase: Bool) -> Int? {
    let fold: UInt8 = anyCase ? 0x20 : 0
    func letter(_ offset: Int) -> UInt8 {
      start + offset < text.count ? text.bytes[start + offset] : 0
    }
    let first = letter(1)
    switch first | fold {
    case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
      return start + 2
    case UInt8(ascii: "r"), UInt8(ascii: "v"):
      return letter(2) | fold == UInt8(ascii: "e") ? start + 3 : nil
    case UInt8(ascii: "l"):
      return letter(2) | fold == UInt8(ascii: "l") ? start + 3 : nil
    default:
      return anyCase && first == 0xC5 && letter(2) == 0xBF ? start + 3 : nil
    }
  }
}
