import JSON
import Testing

@Suite struct JSONTests {
  @Test(arguments: [
    #"{"b":1,"a":[true,null,-2.5e-07,"\n\\\"é😀"]}"#, "[]", "{}", "\"\"", "0", "[[[1]]]",
  ])
  func roundTrip(text: String) throws {
    let value = try JSONValue(parsing: text)
    #expect(try JSONValue(parsing: value.text()) == value)
    #expect(value.text() == text)
  }

  @Test func escapesAndSurrogates() throws {
    #expect(try JSONValue(parsing: #""\u00e9\ud83d\ude00x\/""#) == "é😀x/")
  }

  @Test func layouts() {
    let value: JSONValue = ["b": 1, "a": [2, 3]]
    #expect(value.text(.spaced) == #"{"b": 1, "a": [2, 3]}"#)
    let sorted = JSONValue.Style(indent: 2, sortsKeys: true, isSpaced: true)
    #expect(value.text(sorted) == "{\n  \"a\": [\n    2,\n    3\n  ],\n  \"b\": 1\n}")
  }

  @Test(arguments: [
    ("{\"a\": 1,\n \"b\" 2}", 2, 6), ("[1, 2", 1, 6), ("{\"a\": tru}", 1, 7),
    ("[01]", 1, 4), ("{\"a\":1,\"a\":2}", 1, 8), ("\"a", 1, 3), ("[1] x", 1, 5), ("", 1, 1),
  ])
  func faultsHaveAPlace(text: String, line: Int, column: Int) {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    #expect(error?.line == line)
    #expect(error?.column == column)
  }

  @Test(arguments: [[0xFF, 0xFE, 0x7B, 0], [0xFE, 0xFF, 0, 0x7B], [0, 0x7B]])
  func otherEncodingsAreNamed(bytes: [UInt8]) {
    let error = #expect(throws: JSONError.self) { try JSONValue(parsing: bytes) }
    #expect(error?.message.contains("not UTF-8, perhaps UTF-16") == true)
  }

  @Test func hostileDepthIsAnErrorNotACrash() {
    let text = String(repeating: "[", count: 100_000)
    #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
  }
}
