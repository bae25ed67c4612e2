/// A regular expression as tokenizer files use them: the syntax of Oniguruma, over Unicode scalars.
///
/// The standard library's `Regex` does not serve: it walks over graphemes or decodes a `String` for
/// every scalar, takes its Unicode version from the system, and has another syntax. Of Oniguruma's,
/// captures that are asked for again (`\1`), calls, conditions, `\G`, `\K`, `\R`, `\X` and letters
/// beyond ASCII without regard to case are refused.
struct RegularExpression: Sendable {
  /// What stands in the file.
  let pattern: String
  let program: Program

  /// Compiles a pattern; an error says what in it is not understood.
  init(_ pattern: String) throws(RegularExpressionError) {
    self.pattern = pattern
    var parser = RegularExpressionParser(pattern)
    program = try Program(try parser.parse())
  }

  /// Where it matches in `text`, from left to right; of empty matches those that do not follow a
  /// match at once.
  func matches(in text: Characters) -> [Range<Int>] {
    var matches: [Range<Int>] = []
    var matcher = Matcher(program: program, text: text)
    var start = 0, last: Int?
    while start <= text.count, let found = matcher.search(from: start) {
      if found.isEmpty, last == found.lowerBound {
        guard start < text.count else { break }
        start += text.scalar(at: start).length
        continue
      }
      matches.append(found)
      (start, last) = (found.upperBound, found.upperBound)
    }
    return matches
  }
}

/// Why a pattern is not understood.
struct RegularExpressionError: Error { let message: String }
