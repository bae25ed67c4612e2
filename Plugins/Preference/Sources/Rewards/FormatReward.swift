import TaskKit

/// 1 for a completion of the wanted form, else 0.
struct FormatReward: Reward {
  static let name = "format"
  static let summary = "1 for a completion of the wanted form (thought, tags, a pattern), else 0."

  /// One of `tags` and `pattern`; with neither, a thought as TRL's `think_format_reward` wants it:
  /// `<think>` at the very beginning and only there, and `</think>` somewhere behind it.
  struct Config: Decodable, Sendable {
    /// Sections that make up the whole text in this order, each as `<tag>…</tag>`; white space may
    /// stand between them, and no tag twice: [think, answer].
    var tags: [String]?
    /// A regular expression that the whole text must match; `.` matches line ends too.
    var pattern: String?
  }

  private let fits: @Sendable (String) -> Bool

  init(config: Config, host: HostServices) throws {
    switch (config.tags, config.pattern) {
    case (nil, nil): fits = Self.isThought
    case (let tags?, nil):
      guard !tags.isEmpty, Set(tags).count == tags.count, tags.allSatisfy(Self.isName) else {
        throw PluginError(
          .configuration,
          "'tags' must be names of letters, digits, '-' and '_', none of them twice, as in "
            + "[think, answer]")
      }
      fits = { Self.consists($0, of: tags) }
    case (nil, let pattern?):
      guard (try? Self.expression(pattern)) != nil else {
        throw PluginError(
          .configuration, "'pattern' is no regular expression: \(pattern)")
      }
      // An expression is not Sendable, its text is.
      fits = { text in (try? Self.expression(pattern).wholeMatch(in: text)) != nil }
    default:
      throw PluginError(.configuration, "'tags' and 'pattern' are two ways to say it; keep one")
    }
  }

  func score(_ completion: Completion) -> Score { fits(completion.text) ? 1 : 0 }

  /// `^<think>(?!.*<think>)(.*?)</think>.*$`
  private static func isThought(_ text: String) -> Bool {
    guard let start = text.places(of: "<think>").first, start.lowerBound == text.startIndex else {
      return false
    }
    let rest = text[start.upperBound...]
    return rest.places(of: "<think>").isEmpty && !rest.places(of: "</think>").isEmpty
  }

  private static func consists(_ text: String, of tags: [String]) -> Bool {
    var rest = text.trimmed
    for tag in tags {
      let (opening, closing) = ("<\(tag)>", "</\(tag)>")
      guard let start = rest.places(of: opening).first, start.lowerBound == rest.startIndex,
        let end = rest.places(of: closing).first,
        text.places(of: opening).count == 1, text.places(of: closing).count == 1
      else { return false }
      rest = rest[end.upperBound...].trimmed
    }
    return rest.isEmpty
  }

  private static func isName(_ text: String) -> Bool {
    !text.isEmpty
      && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }
  }

  private static func expression(_ pattern: String) throws -> Regex<AnyRegexOutput> {
    try Regex(pattern).dotMatchesNewlines().matchingSemantics(.unicodeScalar)
  }
}
