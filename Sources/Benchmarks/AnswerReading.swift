import Formats
import Text

/// How a written answer is read and compared with the right one.
struct AnswerReading {
  /// What stands for an answer in which a filter finds nothing.
  static let invalid = "[invalid]"

  private let filters: [(name: String, pattern: Regex<AnyRegexOutput>, takesLast: Bool)]
  private let ignored: [Regex<AnyRegexOutput>], ignoresCase: Bool

  /// The patterns were checked when the task's file was read.
  init(_ writing: BenchmarkTask.Writing) throws {
    filters = try writing.filters.map {
      ($0.name, try Regex($0.pattern).matchingSemantics(.unicodeScalar), $0.takesLast)
    }
    ignored = try writing.ignored.map { try Regex($0).matchingSemantics(.unicodeScalar) }
    ignoresCase = writing.ignoresCase
  }

  /// The answer that each filter finds.
  func extracted(_ answer: String) -> [(filter: String, text: String)] {
    filters.map { name, pattern, takesLast in
      let matches = answer.matches(of: pattern)
      guard let match = takesLast ? matches.last : matches.first else {
        return (name, Self.invalid)
      }
      let groups = (match.output.count > 1 ? 1..<match.output.count : 0..<1)
        .map { match.output[$0].substring.map(String.init) ?? "" }
      let found = groups.first { !$0.isEmpty } ?? (groups.count > 1 ? Self.invalid : "")
      return (name, PythonText.strip(found))
    }
  }

  /// Whether both are the same once what does not count is taken out of them.
  func isExact(_ answer: String, _ target: String) -> Bool { counted(answer) == counted(target) }

  private func counted(_ text: String) -> String {
    let text = ignored.reduce(text) { $0.replacing($1, with: "") }
    return ignoresCase ? text.lowercased() : text
  }

  /// An answer up to the first of each text that ends it.
  static func cut(_ answer: String, until ends: [String]) -> String {
    ends.reduce(answer) { answer, end in
      guard !end.isEmpty, let range = answer.firstRange(of: end) else { return answer }
      return String(answer[..<range.lowerBound])
    }
  }
}
