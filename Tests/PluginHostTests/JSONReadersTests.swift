import FoundationEssentials
import JSON
import TaskKit
import Testing

/// The host's reader and the plugins' read every odd input alike.
@Suite struct JSONReadersTests {
  /// What comes of an input: the value's text with its keys in order, or the fault.
  enum Outcome: Equatable { case value(String), fault(String) }

  struct Input: Sendable, CustomTestStringConvertible {
    let bytes: [UInt8]
    let expected: Outcome
    var testDescription: String { String(decoding: bytes.prefix(60), as: UTF8.self) }

    init(_ text: String, _ expected: String) {
      self.init(Array(text.utf8), expected)
    }

    /// A fault begins with `!`.
    init(_ bytes: [UInt8], _ expected: String) {
      self.bytes = bytes
      self.expected =
        expected.hasPrefix("!") ? .fault(String(expected.dropFirst())) : .value(expected)
    }
  }

  static let deep = String(repeating: "[", count: 513), mark: [UInt8] = [0xEF, 0xBB, 0xBF]

  static let inputs: [Input] = [
    // Order, escapes, numbers.
    Input(#"{"b": 1, "a": {"d": [], "c": {}}}"#, #"{"b":1,"a":{"d":[],"c":{}}}"#),
    Input(#""\u00e9\ud83d\ude00\/\b\f""#, "\"é😀/\\b\\f\""),
    Input("9223372036854775807", "9223372036854775807"),
    Input("-9223372036854775808", "-9223372036854775808"),
    Input("9223372036854775808", "9.223372036854776e+18"),
    Input("1000000000000000019884624838656", "1e+30"),
    Input("-0", "0"), Input("0.10", "0.1"), Input("1E+2", "100.0"), Input("5e-324", "5e-324"),
    Input("1e999", "!line 1, column 1: the number is beyond the doubles"),
    Input("[1, -1e400]", "!line 1, column 5: the number is beyond the doubles"),
    // Marks and blanks.
    Input(mark + Array("[1]".utf8), "[1]"), Input(" \r\n\t[ 1 ]\n", "[1]"),
    Input(mark, "!line 1, column 4: the text ends where a value should be"),
    Input("[\u{FEFF}1]", "!line 1, column 2: a value cannot begin with '\u{FEFF}'"),
    Input("\u{A0}1", "!line 1, column 1: a value cannot begin with '\u{A0}'"),
    // Commas.
    Input("[1, 2,]", "[1,2]"), Input(#"{"a": 1,}"#, #"{"a":1}"#),
    Input("[,]", "!line 1, column 2: a value cannot begin with ','"),
    Input("[1,,2]", "!line 1, column 4: a value cannot begin with ','"),
    Input("{,}", "!line 1, column 2: expected a key in quotes, found ','"),
    Input("[1 2]", "!line 1, column 4: expected ',' or ']' in an array"),
    Input(#"{"a": 1 "b": 2}"#, "!line 1, column 9: expected ',' or '}' in an object"),
    // Keys that stand twice.
    Input("{\"a\": 1,\n \"a\": 1}", "!line 2, column 2: the key \"a\" stands twice in one object"),
    Input(
      #"{"a": 1, "\u0061": 2}"#, "!line 1, column 10: the key \"a\" stands twice in one object"),
    Input(#"[{"a": 1}, {"a": 2}]"#, #"[{"a":1},{"a":2}]"#),
    // Texts that are no texts.
    Input(
      #"["\ud800x"]"#,
      "!line 1, column 3: half of a surrogate pair, which stands for no character"),
    Input(
      #""\udc00""#, "!line 1, column 2: half of a surrogate pair, which stands for no character"),
    Input(
      #""\ud800\ud800""#,
      "!line 1, column 2: half of a surrogate pair, which stands for no character"),
    Input([0x22, 0x61, 0xE9, 0x22], "!line 1, column 3: a byte that is not UTF-8"),
    Input([0x22, 0xED, 0xA0, 0x80, 0x22], "!line 1, column 2: a byte that is not UTF-8"),
    Input([0x22, 0xC0, 0x80, 0x22], "!line 1, column 2: a byte that is not UTF-8"),
    Input("\"a\nb\"", "!line 1, column 3: a control character in a string must be escaped"),
    Input("\"\u{7F}\u{2028}\"", "\"\u{7F}\u{2028}\""),
    Input(#""\x""#, "!line 1, column 4: unknown escape '\\x'"),
    Input(#""\u12g4""#, "!line 1, column 6: \\u needs four hexadecimal digits"),
    Input("\"\\u0000\"", "\"\\u0000\""),
    Input("\"a", "!line 1, column 3: a string is not closed"),
    Input("'a'", "!line 1, column 1: a value cannot begin with '''"),
    // Words.
    Input("NaN", "!line 1, column 1: a value cannot begin with 'N'"),
    Input("-Infinity", "!line 1, column 2: malformed number"),
    Input("nul", "!line 1, column 1: unknown word"),
    Input("True", "!line 1, column 1: a value cannot begin with 'T'"),
    Input("[01]", "!line 1, column 4: malformed number"),
    Input("+1", "!line 1, column 1: a value cannot begin with '+'"),
    Input("1.", "!line 1, column 3: malformed number: no digit after '.'"),
    Input("// x\n1", "!line 1, column 1: a value cannot begin with '/'"),
    // Ends.
    Input("", "!line 1, column 1: the text ends where a value should be"),
    Input("[1", "!line 1, column 3: expected ',' or ']' in an array"),
    Input("[1] 2", "!line 1, column 5: text after the end of the document"),
    Input(deep, "!line 1, column 513: nested more than 512 levels deep"),
  ]

  @Test(arguments: inputs)
  func bothReadersAgree(input: Input) {
    let host: Outcome
    do throws(JSONError) {
      host = .value(try JSONValue(parsing: input.bytes).text())
    } catch { host = .fault("\(error)") }
    let plugin: Outcome
    do {
      plugin = .value(try TaskKit.JSON(parsing: Data(input.bytes)).orderedText)
    } catch {
      plugin = .fault("\(error)".replacing("not valid JSON: ", with: ""))
    }
    #expect(host == input.expected)
    #expect(Self.comparable(plugin) == Self.comparable(input.expected))
  }

  /// The kit writes two control characters in another way, which every reader takes for the same.
  private static func comparable(_ outcome: Outcome) -> Outcome {
    guard case .value(let text) = outcome else { return outcome }
    return .value(
      text.replacing("\\u0008", with: "\\b").replacing("\\u000c", with: "\\f"))
  }

  /// Every byte of a document in turn is left out, doubled or changed: both readers say the same.
  @Test func damagedTextsAreReadAlike() {
    let text = Array(#"[{"aé": [1, -2.5e3, true, null], "b": "\ud83d\ude00\n"}, "x",]"#.utf8)
    for place in text.indices {
      for change in [[], [text[place], text[place]], [0xFF], [0x2C], [0x22], [0x7D]] {
        let bytes = Array(text[..<place]) + change + Array(text[(place + 1)...])
        let host = Result { try JSONValue(parsing: bytes) }
        let plugin = Result { try TaskKit.JSON(parsing: Data(bytes)) }
        switch (host, plugin) {
        case (.success(let value), .success(let other)):
          #expect(try! JSONValue(parsing: other.orderedText) == value)
        case (.failure(let fault), .failure(let other)):
          #expect("\(other)" == "not valid JSON: \(fault)")
        default: Issue.record("\(String(decoding: bytes, as: UTF8.self)): \(host), \(plugin)")
        }
      }
    }
  }

  @Test func membersKeepTheirOrderAndAreFoundAmongMany() throws {
    let keys = (0..<40).map { "k\(($0 * 17) % 40)" }
    let text = "{" + keys.enumerated().map { "\"\($1)\":\($0)" }.joined(separator: ",") + "}"
    let json = try TaskKit.JSON(parsing: text)
    #expect(json.orderedText == text)
    var members = try #require(json.object)
    #expect(members.keys == keys && keys.indices.allSatisfy { members[keys[$0]] == .int($0) })
    members["k17"] = nil
    members["k3"] = "x"
    members["new"] = 1
    #expect(members.keys == keys.filter { $0 != "k17" } + ["new"])
    #expect(members["k17"] == nil && members["k3"] == "x" && members["new"] == 1)
    #expect(
      try TaskKit.JSON(parsing: #"{"a":1,"b":2}"#) == TaskKit.JSON(parsing: #"{"b":2,"a":1}"#))
    #expect(
      try TaskKit.JSON(parsing: #"{"a":1}"#).hashValue
        == TaskKit.JSON(parsing: #"{"a":1}"#).hashValue)
  }
}
