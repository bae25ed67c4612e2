import Formats
import JSON
import Testing

/// Patterns over paths against Python's `re`: `Tests/Goldens/adapters/golden.json`.
@Suite struct PathPatternTests {
  let golden: JSONValue, paths: [String]

  init() throws {
    golden = try JSONValue(readingFile: goldens + "/../adapters/golden.json")
    paths = golden["paths"]?.array?.compactMap(\.string) ?? []
  }

  @Test func matchesWhatPythonMatches() throws {
    let patterns = try #require(golden["patterns"]?.array)
    #expect(patterns.count > 30 && paths.count > 30)
    for entry in patterns {
      let text = try #require(entry["text"]?.string), pattern = try PathPattern(text)
      let matches = paths.indices.filter { pattern.matchesWhole(paths[$0]) }
      #expect(matches == entry["matches"]?.array?.compactMap(\.int), "\(text)")
    }
  }

  @Test func refusesWhatItCannotExpress() throws {
    for text in try #require(golden["refused"]?.array).compactMap(\.string) {
      #expect(throws: PathPatternFault.self, "\(text)") { try PathPattern(text) }
    }
  }

  /// Patterns that take a backtracking engine exponential time.
  @Test(arguments: ["((.*)*)*x", "(a|a|b|.)*!", "(.+.+)+y", "((a{0,30}){0,30}){0,30}!"])
  func noPatternTakesLong(text: String) throws {
    let pattern = try PathPattern(text), path = String(repeating: "a", count: 200)
    let time = ContinuousClock().measure { #expect(!pattern.matchesWhole(path)) }
    #expect(time < .seconds(20), "\(text): \(time)")
  }

  @Test func groupsNestedWithoutEndAreRefused() {
    let text = String(repeating: "(", count: 100_000)
    #expect(throws: PathPatternFault.self) { try PathPattern(text) }
  }
}
