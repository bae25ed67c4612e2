import Foundation
import TaskKit
import Testing

@testable import Instruct

/// Rows of conversations from Parquet files.
@Suite struct ParquetRowTests {
  private static let goldens = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Goldens/parquet").path

  @Test func aFilesRowsAreReadInOrder() throws {
    var rows: [JSON] = [], places: [String] = []
    try RowFile(Self.goldens + "/datasets.parquet").forEach { value, place in
      rows.append(value)
      places.append(place)
    }
    var expected: [JSON] = []
    try RowFile(Self.goldens + "/rows.jsonl").forEach { value, _ in expected.append(value) }
    #expect(rows == expected)
    #expect(places.last == Self.goldens + "/datasets.parquet, row 23")
  }

  /// Columns that a row leaves empty are null there, as members that are not there elsewhere.
  @Test func conversationsWithEmptyColumnsAreRead() throws {
    let rows = try ConversationFile.rows(of: [Self.goldens + "/conversations.parquet"])
    let turns = try rows.map { try $0.content.get().turns.map(\.role) }
    #expect(turns == [["user", "assistant"], ["system", "user", "assistant"]])
  }

  /// Rows as OpenOrca publishes them, some with an empty system message.
  @Test func openOrcasRowsAreRead() throws {
    func roles(_ row: String) throws -> [String] {
      try ConversationRow(JSON(parsing: row), place: "rows:1").turns.map { "\($0.role) \($0.text)" }
    }
    #expect(
      try roles(#"{"id": "x", "system_prompt": "", "question": "q", "response": "r"}"#)
        == ["user q", "assistant r"])
    #expect(
      try roles(#"{"system_prompt": "s", "question": "q", "response": "r"}"#)
        == ["system s", "user q", "assistant r"])
  }
}
