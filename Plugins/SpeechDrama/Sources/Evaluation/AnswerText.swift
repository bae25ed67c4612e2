/// A generated answer, read by the formats that training teaches. What does not follow them is
/// unparsed, never guessed at.
struct AnswerText {
  /// What stands between `<answer>` and `</answer>`, without the blanks around it. The opening tag
  /// may be missing, since it may have stood in the prompt, and so may the closing one.
  let content: String

  init(_ text: String) {
    let opening = text.range(of: "<answer>").map { text[$0.upperBound...] } ?? text[...]
    let inner = opening.range(of: "</answer>").map { opening[..<$0.lowerBound] } ?? opening
    content = Self.trimmed(inner)
  }

  /// `4`: the whole content is one score of the scale.
  func score(in scale: ClosedRange<Int>) -> Int? {
    Int(content).flatMap { scale.contains($0) ? $0 : nil }
  }

  /// `[Tag]4` among others: the first score behind the tag.
  func score(tag: String, in scale: ClosedRange<Int>) -> Int? {
    guard let place = content.range(of: "[" + tag + "]") else { return nil }
    let rest = content[place.upperBound...].drop { $0.isWhitespace }
    return Int(rest.prefix { $0.isNumber }).flatMap { scale.contains($0) ? $0 : nil }
  }

  /// The choice whose text the content is; letters' case does not count.
  func choice(among choices: [String]) -> Int? {
    choices.firstIndex { Self.trimmed($0[...]).lowercased() == content.lowercased() }
  }

  private static func trimmed(_ text: Substring) -> String {
    var text = text.drop { $0.isWhitespace }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}

extension StringProtocol {
  /// The first place where `pattern` stands.
  fileprivate func range(of pattern: String) -> Range<Index>? {
    ranges(of: pattern).first
  }
}
