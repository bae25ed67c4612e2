/// The steps that cut a text into the pieces within which byte-pair encoding works.
struct PreTokenizer: Sendable {
  /// One step; it works on each piece of the step before.
  enum Step: Sendable, Equatable {
    case pattern(SplitPattern)
    /// Numbers apart from the rest, and from each other if `individual`.
    case digits(individual: Bool)
    /// A space before each piece that has none.
    case prefixSpace
  }

  var steps: [Step] = []

  /// Calls `body` with each piece and the position of its first byte in `text`. The space that
  /// `prefixSpace` adds lies one before the piece.
  func forEachPiece(
    of text: Characters, _ body: (UnsafeBufferPointer<UInt8>, Int) -> Void
  ) {
    forEachPiece(of: text, at: 0, step: 0, body)
  }

  private func forEachPiece(
    of text: Characters, at origin: Int, step: Int,
    _ body: (UnsafeBufferPointer<UInt8>, Int) -> Void
  ) {
    guard step < steps.count else {
      if text.count > 0 { body(text.bytes, origin) }
      return
    }
    if steps[step] == .prefixSpace {
      guard text.count > 0, text.bytes[0] != UInt8(ascii: " ") else {
        return forEachPiece(of: text, at: origin, step: step + 1, body)
      }
      ([UInt8(ascii: " ")] + text.bytes).withUnsafeBufferPointer {
        let spaced = Characters(bytes: $0, classes: text.classes)
        forEachPiece(of: spaced, at: origin - 1, step: step + 1, body)
      }
      return
    }
    var start = 0
    let isLast = step == steps.count - 1
    while start < text.count {
      let end = end(of: steps[step], text, from: start)
      if isLast {
        body(UnsafeBufferPointer(rebasing: text.bytes[start..<end]), origin + start)
      } else {
        forEachPiece(of: text[start..<end], at: origin + start, step: step + 1, body)
      }
      start = end
    }
  }

  @inline(__always)
  private func end(of step: Step, _ text: Characters, from start: Int) -> Int {
    switch step {
    case .pattern(let pattern): return pattern.end(text, from: start)
    case .prefixSpace: return text.count
    case .digits(let individual):
      let (kind, length) = text.character(at: start)
      guard kind.contains(.numeric) else {
        return text.run(without: .numeric, from: start + length, to: text.count)
      }
      if individual { return start + length }
      return text.run(of: .numeric, from: start + length, to: text.count)
    }
  }
}
