import TaskKit

extension StringProtocol {
  /// Without white space at the ends.
  var trimmed: SubSequence {
    let start = drop(while: \.isWhitespace)
    guard let end = start.lastIndex(where: { !$0.isWhitespace }) else { return self[endIndex...] }
    return self[start.startIndex...end]
  }
}

/// A dialogue written as one text, as HH-RLHF has them: each turn is a paragraph that begins with
/// `Human:` or `Assistant:`.
struct Transcript {
  let turns: [Turn]

  private static let speakers = [("Human:", "user"), ("Assistant:", "assistant")]

  /// The turns of `text`, white space at their ends aside; nil where it is no transcript: one
  /// begins with `Human:`, behind an empty line or with an answer of `Assistant:` further on. What
  /// the assistant has not said yet is no turn.
  init?(_ text: String) {
    guard text.drop(while: \.isWhitespace).hasPrefix("Human:") else { return nil }
    let paragraphs = Self.paragraphs(text)
    guard text.hasPrefix("\n\n") || paragraphs.contains(where: { $0.role == "assistant" }) else {
      return nil
    }
    turns = paragraphs.map { Turn(role: $0.role, parts: [.text(String($0.text.trimmed))]) }
  }

  /// The turns as they stand.
  private static func paragraphs(_ text: String) -> [(role: String, text: Substring)] {
    var found: [(role: String, start: String.Index, text: String.Index)] = []
    var start = text.startIndex, isAfterBlank = true
    while start < text.endIndex {
      let end = text[start...].firstIndex(where: \.isNewline) ?? text.endIndex
      let line = text[start..<end]
      if isAfterBlank, let (mark, role) = speakers.first(where: { line.hasPrefix($0.0) }) {
        found.append((role, start, text.index(start, offsetBy: mark.count)))
      }
      isAfterBlank = line.allSatisfy(\.isWhitespace)
      start = end < text.endIndex ? text.index(after: end) : end
    }
    return found.indices.map { index in
      let end = index + 1 < found.count ? found[index + 1].start : text.endIndex
      return (found[index].role, text[found[index].text..<end])
    }
  }
}
