/// How far an answer agrees with its reference.
public struct AnswerOverlap: Sendable, Hashable {
  /// 1 if both are the same, white space at the ends aside, else 0.
  public var exactMatch: Double
  /// Harmonic mean of precision and recall of the words, each counted as often as it stands there
  /// (as in SQuAD, Rajpurkar et al. 2016, but without dropping articles). Words are those of `Words`.
  public var tokenF1: Double
  /// The same mean over the longest common subsequence of words (ROUGE-L with β = 1, Lin 2004).
  public var rougeL: Double

  /// Compares `answer` with `reference`.
  public init(answer: String, reference: String) {
    exactMatch = Self.trimmed(answer) == Self.trimmed(reference) ? 1 : 0
    let answer = Words.split(answer), reference = Words.split(reference)
    guard !answer.isEmpty || !reference.isEmpty else {
      // Punctuation, symbols or nothing: only the same text agrees.
      tokenF1 = exactMatch
      rougeL = exactMatch
      return
    }
    tokenF1 = Self.f1(Self.common(answer, reference), answer.count, reference.count)
    rougeL = Self.f1(Self.longestCommon(answer, reference), answer.count, reference.count)
  }

  private static func trimmed(_ text: String) -> Substring {
    let start = text.drop(while: \.isWhitespace)
    let end = start.lastIndex { !$0.isWhitespace }
    return end.map { start[...$0] } ?? ""
  }

  /// 2·common / (a + b).
  private static func f1(_ common: Int, _ a: Int, _ b: Int) -> Double {
    2 * Double(common) / Double(a + b)
  }

  private static func common(_ a: [String], _ b: [String]) -> Int {
    var left: [String: Int] = [:]
    for word in b { left[word, default: 0] += 1 }
    var count = 0
    for word in a {
      guard let here = left[word], here > 0 else { continue }
      left[word] = here - 1
      count += 1
    }
    return count
  }

  private static func longestCommon(_ a: [String], _ b: [String]) -> Int {
    var row = Array(repeating: 0, count: b.count + 1)
    for word in a {
      var diagonal = 0
      for index in b.indices {
        let above = row[index + 1]
        row[index + 1] = word == b[index] ? diagonal + 1 : max(above, row[index])
        diagonal = above
      }
    }
    return row[b.count]
  }
}
