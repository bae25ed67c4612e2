import JSON
import Tasks

/// A batch as a program reads it: one line of JSON.
///
/// `{"prompts": [text], "completions": [text], "groups": [number], "tokens": [number or null],
/// "truncated": [true or false], "references": [text or null], COLUMN: [value or null], …}`, a column
/// for each key of the rows' metadata.
struct CommandRequest {
  /// The line with its end.
  let bytes: [UInt8]

  /// Throws where a row's column has the name of what is told of all completions.
  init(_ completions: [Completion], of subject: String) throws(TaskError) {
    var request: JSONValue = [
      "prompts": .array(completions.map { .string($0.prompt) }),
      "completions": .array(completions.map { .string($0.text) }),
      "groups": .array(completions.map { .int($0.group) }),
      "tokens": .array(completions.map { $0.tokens.map(JSONValue.int) ?? .null }),
      "truncated": .array(completions.map { .bool($0.isTruncated) }),
      "references": .array(completions.map { $0.reference.map(JSONValue.string) ?? .null }),
    ]
    for column in Self.columns(completions) {
      guard request[column] == nil else {
        throw TaskError(
          .data,
          "\(subject): the rows have a column '\(column)', but a program is told of completions "
            + "under that name; rename the column")
      }
      request = request.setting(
        column, .array(completions.map { $0.metadata[column] ?? .null }))
    }
    bytes = Array(request.text().utf8) + [UInt8(ascii: "\n")]
  }

  /// The keys of all rows, in the order in which they come.
  private static func columns(_ completions: [Completion]) -> [String] {
    var columns: [String] = [], known: Set<String> = []
    for completion in completions {
      for key in completion.metadata.object?.keys ?? [] where known.insert(key).inserted {
        columns.append(key)
      }
    }
    return columns
  }
}
