/// A generated answer, read as Yes, No or neither.
///
/// Thoughts are no answer: `<think>…</think>` goes, an unclosed one with all that follows, and what
/// precedes a closing tag that was opened in the prompt. What is left counts as Yes or No where it
/// begins with that word, or where the one word stands in it and the other does not. Words are
/// whole: "I don't know" is neither.
struct AnswerText: Sendable, Hashable {
  /// Whether the answer is Yes; nil for neither.
  let answer: Bool?

  init(_ text: String) {
    let words = Self.words(Self.withoutThoughts(text))
    if let first = words.first.flatMap(Self.meaning) {
      answer = first
    } else {
      let said = Set(words.compactMap(Self.meaning))
      answer = said.count == 1 ? said.first : nil
    }
  }

  /// Runs of letters, digits and apostrophes, lower-cased.
  static func words(_ text: String) -> [String] {
    text.lowercased().split { !($0.isLetter || $0.isNumber || $0 == "'" || $0 == "’") }
      .map { $0.drop { $0 == "'" || $0 == "’" } }
      .map { word in
        var word = word
        while word.last == "'" || word.last == "’" { word.removeLast() }
        return String(word)
      }
  }

  private static func meaning(_ word: String) -> Bool? {
    word == "yes" ? true : word == "no" ? false : nil
  }

  private static func withoutThoughts(_ text: String) -> String {
    var rest = text[...], kept = ""
    while let opening = rest.ranges(of: "<think>").first {
      kept += rest[..<opening.lowerBound]
      let inner = rest[opening.upperBound...]
      guard let closing = inner.ranges(of: "</think>").first else {
        rest = ""
        break
      }
      rest = inner[closing.upperBound...]
    }
    kept += rest
    guard let stray = kept.ranges(of: "</think>").last else { return kept }
    return String(kept[stray.upperBound...])
  }
}
