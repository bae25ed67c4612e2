import JSON
/// Samples that a reward meets sooner or later.
enum CheckSamples {
  /// `count` ordinary samples, four to a prompt: the author's own over and over, or built-in ones.
  static func ordinary(_ count: Int, from own: [CheckSample]) -> [CheckSample] {
    (0..<count).map { index in
      if !own.isEmpty { return own[index % own.count] }
      let answers = [
        "Jupiter.", "The largest planet is Jupiter, a gas giant.", "I do not know.",
        "<answer>\(index)</answer>", "Let me think. 3 + 4 = 7, so the answer is 7.",
      ]
      let prompt = "Question \(index / 4): name the largest planet."
      let answer = answers[index % answers.count]
      return CheckSample(
        prompt: prompt, completion: answer, group: Int32(index / 4),
        tokens: Int64(answer.split(separator: " ").count), isTruncated: index % 8 == 7,
        reference: index % 2 == 0 ? "Jupiter" : nil)
    }
  }

  /// Completions that are easily got wrong, by name.
  static let texts: [(name: String, completion: String)] = [
    ("an empty completion", ""), ("a completion of blanks", " \n\t"),
    ("emoji, combining marks and right-to-left", "👩‍👩‍👧‍👦 e\u{301}\u{323} שלום مرحبا \u{202E}x"),
    ("newlines, quotes and a NUL", "a\r\n\"b\" 'c' \\ \u{0} {\"d\": [1]} %s %n"),
    ("100 KB", String(repeating: "word ", count: 20_000)),
  ]

  /// A row's metadata with all kinds of values.
  static let nested =
    #"{"id": 7, "answer": "é\"\n", "list": [1, null, {"deep": [true, 1e300]}], "": {}}"#

  /// Configurations that are no object, or nonsense.
  static let wrongConfigurations = ["[]", "\"text\"", "", "{", "{\"a\": }", "nonsense"]

  /// A configuration with a key that nothing knows; nil where it is no object.
  static func withUnknownKey(_ configuration: String) -> String? {
    guard let json = try? JSONValue(parsing: configuration), json.object != nil else { return nil }
    return json.setting("no_such_key", 1).text()
  }
  static let refusesUnknownKeys =
    "a configuration that is no object, or has an unknown key, is refused"
  static let acceptsUnknownKeys =
    "a configuration that is no object is refused; an unknown key is not, so that a misspelled one "
    + "goes unnoticed"
}
