import TaskKit

/// The letter, A to E, that an answer to a question with choices gives.
///
/// It is what the text begins with (`B`, `(B)`, `B. Paris`, `**B**`), or else what follows the last
/// "answer is" or "answer:", or else the last letter in brackets. Otherwise the text gives none: a
/// letter in the midst of words is not guessed at.
enum FinalChoice {
  static let letters: ClosedRange<Character> = "A"..."E"

  static func letter(in text: String) -> Character? {
    leading(text[...]) ?? afterAnswer(text) ?? bracketed(text)
  }

  /// The right choice as a row has it: a letter, or ARC's `1` to `5`.
  static func letter(reference text: String) -> Character? {
    let text = text.trimmed
    guard text.count == 1, let sign = text.first else { return nil }
    if letters.contains(sign) { return sign }
    guard let number = sign.wholeNumberValue, sign.isASCII, 1...5 ~= number else { return nil }
    return Array("ABCDE")[number - 1]
  }

  /// A letter at the beginning that a word's rest does not follow.
  private static func leading(_ text: Substring) -> Character? {
    let signs: Set<Character> = ["(", "[", "*", " ", "\""]
    let rest = text.drop { signs.contains($0) }
    guard let letter = rest.first, letters.contains(letter) else { return nil }
    guard let next = rest.dropFirst().first else { return letter }
    return ".):],*\"\n".contains(next) ? letter : nil
  }

  private static func afterAnswer(_ text: String) -> Character? {
    let lowered = text.lowercased()
    // Lowering may change the number of bytes; then places do not carry over.
    guard lowered.utf8.count == text.utf8.count else { return nil }
    let bytes = Array(text.utf8)
    let ends = Array(lowered.utf8).ranges(of: Array("answer".utf8)).map(\.upperBound)
    return ends.reversed().lazy.compactMap { end -> Character? in
      let rest = String(decoding: bytes[end...], as: UTF8.self).drop { $0 == " " || $0 == "*" }
      if rest.hasPrefix(":") { return leading(rest.dropFirst()) }
      return rest.hasPrefix("is") ? leading(rest.dropFirst(2).drop { $0 == ":" }) : nil
    }.first
  }

  private static func bracketed(_ text: String) -> Character? {
    let signs = Array(text)
    return signs.indices.dropLast(2).last { place in
      signs[place] == "(" && letters.contains(signs[place + 1]) && signs[place + 2] == ")"
    }.map { signs[$0 + 1] }
  }
}
