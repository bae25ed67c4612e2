/// The steps that cut a text into the pieces within which byte-pair encoding works.
struct PreTokenizer: Sendable {
  /// One step; it works on each piece of the step before.
  enum Step: Sendable {
    /// A known expression, by hand.
    case pattern(SplitPattern)
    /// Numbers apart from the rest, and from each other if `individual`.
    case digits(individual: Bool)
    /// Any other cut.
    case split(Splitter)
    /// A space before each piece that has none.
    case prefixSpace
    case metaspace(Metaspace)
    /// Each byte becomes its character of the byte-level alphabet, for the steps that follow.
    case bytes
  }

  /// What is done with a piece: its bytes and the position of the first.
  typealias Body = (UnsafeBufferPointer<UInt8>, Int, inout TokenList) -> Void

  var steps: [Step] = []

  /// Whether it may set a space before a text.
  var setsSpace: Bool {
    steps.contains { step in
      switch step {
      case .prefixSpace: true
      case .metaspace(let metaspace): metaspace.prepends != .never
      default: false
      }
    }
  }

  /// Calls `body` with each piece and its position in `text`, and has the ranges of the tokens that it
  /// appends point into `text`. `isFirst` says that `text` begins the whole text.
  func forEachPiece(
    of text: Characters, isFirst: Bool, _ tokens: inout TokenList, _ body: Body
  ) {
    forEachPiece(of: text, at: 0, isFirst, step: 0, &tokens, body)
  }

  private func forEachPiece(
    of text: Characters, at origin: Int, _ isFirst: Bool, step: Int, _ tokens: inout TokenList,
    _ body: Body
  ) {
    guard text.count > 0 else { return }
    guard step < steps.count else { return body(text.bytes, origin, &tokens) }
    switch steps[step] {
    case .pattern(let pattern):
      forEachPiece(of: text, at: origin, isFirst, step: step, &tokens, body) {
        pattern.end(text, from: $0)
      }
    case .digits(let individual):
      forEachPiece(of: text, at: origin, isFirst, step: step, &tokens, body) {
        Self.digitsEnd(text, from: $0, individual)
      }
    case .split(let splitter):
      for piece in splitter.pieces(of: text) {
        forEachPiece(
          of: text[piece], at: origin + piece.lowerBound, isFirst && piece.lowerBound == 0,
          step: step + 1, &tokens, body)
      }
    case .prefixSpace: prefixSpace(text, at: origin, isFirst, step: step, &tokens, body)
    case .metaspace(let metaspace):
      change(metaspace(text, isFirst: isFirst), text, at: origin, &tokens) { text, origin, tokens in
        for piece in metaspace.splits ? metaspace.splitter.pieces(of: text) : [0..<text.count] {
          forEachPiece(
            of: text[piece], at: origin + piece.lowerBound, isFirst && piece.lowerBound == 0,
            step: step + 1, &tokens, body)
        }
      }
    case .bytes:
      var edit = TextEdit(text)
      ByteAlphabet.spell(text, &edit)
      change(edit.finished(), text, at: origin, &tokens) { text, origin, tokens in
        forEachPiece(of: text, at: origin, isFirst, step: step + 1, &tokens, body)
      }
    }
  }

  /// Cuts a text all of which is pieces, `end` saying where the piece that begins at a place ends.
  @inline(__always)
  private func forEachPiece(
    of text: Characters, at origin: Int, _ isFirst: Bool, step: Int, _ tokens: inout TokenList,
    _ body: Body, end: (Int) -> Int
  ) {
    var start = 0
    let isLast = step == steps.count - 1
    while start < text.count {
      let end = end(start)
      if isLast {
        body(UnsafeBufferPointer(rebasing: text.bytes[start..<end]), origin + start, &tokens)
      } else {
        forEachPiece(
          of: text[start..<end], at: origin + start, isFirst && start == 0, step: step + 1,
          &tokens, body)
      }
      start = end
    }
  }

  @inline(__always)
  private static func digitsEnd(_ text: Characters, from start: Int, _ individual: Bool) -> Int {
    let (kind, length) = text.character(at: start)
    guard kind.contains(.numeric) else {
      return text.run(without: .numeric, from: start + length, to: text.count)
    }
    if individual { return start + length }
    return text.run(of: .numeric, from: start + length, to: text.count)
  }

  /// The added space lies one before the piece.
  private func prefixSpace(
    _ text: Characters, at origin: Int, _ isFirst: Bool, step: Int, _ tokens: inout TokenList,
    _ body: Body
  ) {
    guard text.bytes[0] != UInt8(ascii: " ") else {
      return forEachPiece(of: text, at: origin, isFirst, step: step + 1, &tokens, body)
    }
    ([UInt8(ascii: " ")] + text.bytes).withUnsafeBufferPointer {
      let spaced = Characters(bytes: $0, classes: text.classes)
      forEachPiece(of: spaced, at: origin - 1, isFirst, step: step + 1, &tokens, body)
    }
  }

  /// Goes on with a changed text, if there is one, and brings the ranges of its tokens back.
  private func change(
    _ changed: NormalizedText?, _ text: Characters, at origin: Int, _ tokens: inout TokenList,
    _ body: (Characters, Int, inout TokenList) -> Void
  ) {
    guard let changed else { return body(text, origin, &tokens) }
    let first = tokens.ranges.count
    changed.bytes.withUnsafeBufferPointer {
      body(Characters(bytes: $0, classes: text.classes), 0, &tokens)
    }
    for index in first..<tokens.ranges.count {
      let original = changed.original(tokens.ranges[index].clamped(to: 0..<Int.max))
      tokens.ranges[index] = original.lowerBound + origin..<original.upperBound + origin
    }
  }
}
