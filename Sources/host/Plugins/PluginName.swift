import Runs

/// The name of a new plugin: snake_case, and free in every language of the templates.
struct PluginName {
  /// `my_reward`
  let snake: String

  /// `MyReward`
  var camel: String { Self.camel(snake) }

  /// `MY_REWARD`
  var upper: String { snake.uppercased() }

  /// Refuses what is not snake_case, and words that a language or an SDK has taken.
  init(_ text: String) throws(Diagnosis) {
    guard Self.isSnakeCase(text) else {
      let hint = Self.corrected(text).map { "; '\($0)' would do" } ?? ""
      throw Diagnosis(
        Diagnosis.usage,
        "'\(text)' is no name for a plugin: it takes a small letter a to z, then small letters, "
          + "digits and underscores" + hint)
    }
    guard !Self.keywords.contains(text), !Self.typeNames.contains(Self.camel(text)) else {
      throw Self.taken(text)
    }
    snake = text
  }

  /// The error for a name that means something else already.
  static func taken(_ text: String) -> Diagnosis {
    Diagnosis(
      Diagnosis.usage,
      "'\(text)' is no name for a plugin: the language, the SDK or the template has taken it; "
        + "'my_\(text)' would do")
  }

  /// Whether `text` matches `[a-z][a-z0-9_]*`.
  static func isSnakeCase(_ text: String) -> Bool {
    let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
    let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
    guard let first = text.utf8.first, letters.contains(first) else { return false }
    return text.utf8.allSatisfy {
      letters.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "_")
    }
  }

  /// The name that `text` was probably meant to be (`MyReward` → `my_reward`); nil when no letter
  /// is left of it.
  static func corrected(_ text: String) -> String? {
    var name = ""
    var previous: Character = "_"
    for character in text {
      let isWord = character.isASCII && (character.isLetter || character.isNumber)
      let beginsWord = character.isUppercase && (previous.isLowercase || previous.isNumber)
      if !isWord || beginsWord, !name.isEmpty, !name.hasSuffix("_") { name += "_" }
      if isWord, !name.isEmpty || character.isLetter { name += character.lowercased() }
      previous = character
    }
    while name.hasSuffix("_") { name.removeLast() }
    return isSnakeCase(name) ? name : nil
  }

  private static func camel(_ snake: String) -> String {
    snake.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
  }

  /// Words that no identifier, or no package, may be.
  private static let keywords = Set(
    """
    abort abs alignas alignof and as asm async auto await bool box break case catch ceil char \
    class concept const continue core crate decltype def default defer deinit del delete div do \
    double dyn elif else enum except exit exp explicit export extension extern fallthrough false \
    final float floor fn for free friend func global goto guard if impl import in index init \
    inline inout int internal is json lambda let link log long loop macro main match mod move mut \
    mutable namespace new nil noexcept nonlocal not null nullptr open operator or override package \
    pass pow priv private proc_macro protected protocol pub public raise random read ref register \
    remove rename repeat requires restrict rethrows return round sdk self short signal signed \
    sizeof some static std struct subprocess subscript super switch system template test tests \
    this throw throws time traceback trait true trunc try type typealias typedef typename typeof \
    union unittest unsafe unsigned unsized use using var virtual void volatile wait where while \
    with write xor yield
    """.split(separator: " ").map(String.init))

  /// Types of Swift and of TaskKit that a template's own type would hide.
  private static let typeNames = Set(
    """
    Any Array Bool Character Configuration Dataset Dictionary Double Entry Error Evaluator Example \
    Float Foundation HostServices Int JSON Never Optional Plugin PluginError Predictions Report \
    Result Reward Rewards Row Scores Sequence Set Split String Swift Task TaskKit Tasks Taskkit \
    Tokenizer TuningTask Void
    """.split(separator: " ").map(String.init))
}
