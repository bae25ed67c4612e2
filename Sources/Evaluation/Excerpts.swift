/// Short forms of texts that tell them apart: what all of them begin and end with is left out.
public struct Excerpts: Sendable {
  /// How many words all texts begin with, and end with.
  private let first: Int, last: Int

  /// Looks for what `texts` have in common. Where a text would have nothing else, nothing is left out.
  public init(_ texts: some Sequence<String>) {
    var model: [Substring] = [], first = 0, last = 0, shortest = 0
    for (place, text) in texts.enumerated() {
      let words = Self.words(text)
      guard place > 0 else {
        (model, first, last, shortest) = (words, words.count, words.count, words.count)
        continue
      }
      first = zip(model, words).prefix(first).prefix { $0 == $1 }.count
      last = zip(model.reversed(), words.reversed()).prefix(last).prefix { $0 == $1 }.count
      shortest = min(shortest, words.count)
    }
    (self.first, self.last) = first + last < shortest ? (first, last) : (0, 0)
  }

  /// The text's own words in one line, cut in their middle to `width` characters.
  public func callAsFunction(_ text: String, width: Int) -> String {
    let own = Self.words(text).dropFirst(first).dropLast(last).joined(separator: " ")
    return Self.cut(own, to: width, inTheMiddle: true)
  }

  private static func words(_ text: String) -> [Substring] {
    text.split(whereSeparator: \.isWhitespace)
  }

  /// The text, or its beginning, or beginning and end, with a sign for what is left out.
  static func cut(_ text: String, to width: Int, inTheMiddle: Bool = false) -> String {
    guard text.count > width else { return text }
    let end = inTheMiddle ? (width - 1) / 2 : 0
    return text.prefix(width - 1 - end) + "…" + text.suffix(end)
  }
}
