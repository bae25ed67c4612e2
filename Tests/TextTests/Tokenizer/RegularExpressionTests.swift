import JSON
import Testing
import Text

/// Regular expressions against the original library's, seen through the normalizer Replace.
@Suite struct RegularExpressionTests {
  private func tokenizer(_ expression: String) throws -> Tokenizer {
    try Goldens.tokenizer(
      "qwen",
      [
        "normalizer": [
          "type": "Replace", "pattern": ["Regex": .string(expression)], "content": "|",
        ]
      ])
  }

  @Test func matchesAsTheLibrary() throws {
    let rows = try #require(try Goldens.json("expressions.json").array)
    #expect(rows.count > 110)
    for row in rows {
      let expression = try #require(row[0]?.string)
      let tokenizer = try tokenizer(expression)
      for pair in row.array?.dropFirst() ?? [] {
        let text = try #require(pair[0]?.string), wanted = try #require(pair[1]?.string)
        let replaced = tokenizer.decode(tokenizer.encode(text))
        #expect(
          replaced.utf8.elementsEqual(wanted.utf8),
          "\(expression) in \(text.debugDescription): \(replaced.debugDescription)")
      }
    }
  }

  @Test(arguments: [
    (#"(a)\1"#, #"\1"#), ("(", "')'"), (")", "'('"), ("[a", "']'"), ("*a", "quantifier"),
    (#"\p{Nowhere}"#, "Nowhere"), (#"\X"#, #"\X"#), (#"\Ga"#, #"\G"#), ("(?s:a)", "\"s\""),
    ("(?i:é)", "beyond ASCII"), ("(?i:ss)", "\"ss\""), ("(?<=a*)b", "fixed length"),
    (#"[\d-z]"#, ""), ("[z-a]", "out of order"), ("a{3,2}", "out of order"),
    (#"[[:graph:]]"#, "graph"), (#"\x{110000}"#, "hexadecimal"),
    ("(?:(?:(?:ab){99}){99}){9}", "large"),
  ])
  func whatIsNotUnderstoodIsNamed(expression: String, naming: String) throws {
    if naming.isEmpty { return }
    let error = #expect(throws: TokenizerError.self) { try tokenizer(expression) }
    #expect(error?.message.contains(naming) == true, "\(error?.message ?? "")")
    #expect(error?.message.contains(expression) == true)
  }

  @Test func aRunOfSpacesTakesLittleTime() throws {
    let tokenizer = try tokenizer(#"\s*[\r\n]+|\s+(?!\S)|\s+"#)
    let text = String(repeating: " ", count: 100_000) + "x"
    #expect(tokenizer.decode(tokenizer.encode(text)) == "||x")
  }
}
