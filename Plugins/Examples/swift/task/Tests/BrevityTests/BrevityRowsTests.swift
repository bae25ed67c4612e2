import TaskKit
import Testing

@testable import BrevityPlugin

@Suite struct BrevityRowsTests {
  // snippet: test
  @Test func everyFifthWordIsHeldOut() throws {
    let words: JSON = ["words": ["a", "b", "c", "d", "e", "f"]]
    let train = try #require(try BrevityRows(configuration: words, split: .train))
    let validation = try #require(try BrevityRows(configuration: words, split: .validation))
    #expect(references(of: train) == ["a", "b", "c", "d", "f"])
    #expect(references(of: validation) == ["e"])
    #expect(try BrevityRows(configuration: words, split: .test) == nil)
  }

  @Test func row() throws {
    let rows = try #require(try BrevityRows(configuration: [:], split: .train))
    let expected = Example(
      turns: [.user("Shorten: river river river"), .assistant("river")],
      metadata: ["word": "river"])
    #expect(rows.example(at: 0, epoch: 0, seed: 1) == expected)
    #expect(rows.example(at: 0, epoch: 5, seed: 2) == expected)
    #expect(rows.count == 8)
  }
  // end snippet

  @Test(
    arguments: [
      (["words": []], "'words' is empty; give at least one, or leave it out"),
      (["words": [1]], "'words.0' must be a string, not a number"),
      (["word": ["a"]], "unknown key 'word'; did you mean 'words'?"),
    ] as [(JSON, String)])
  func refusesAWrongConfiguration(configuration: JSON, message: String) {
    #expect(throws: PluginError(.configuration, message)) {
      try BrevityRows(configuration: configuration, split: .train)
    }
  }

  private func references(of rows: BrevityRows) -> [String?] {
    (0..<rows.count).map { rows.example(at: $0, epoch: 0, seed: 0).reference }
  }
}
