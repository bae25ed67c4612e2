import Formats
import JSON
import Tasks

/// Reads rows of `prompt`, `completion` and, where there is any, `metadata`, `group`, `tokens`,
/// `truncated` and `reference`; other keys are left alone, so that a run's `rewards.jsonl` can be
/// scored again.
func completions(inFile path: String) throws(FormatError) -> [Completion] {
  let lines = try readFile(path).split(
    separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
  var rows: [Completion] = [], groups: [String: Int] = [:]
  for (index, line) in lines.enumerated() where line.contains(where: { $0 > 0x20 }) {
    let place = "\(path):\(index + 1)"
    let json: JSONValue
    do { json = try JSONValue(parsing: Array(line)) } catch {
      throw FormatError(.malformed, place, "not JSON, column \(error.column): \(error.message)")
    }
    guard json.object != nil, let text = json["completion"]?.string else {
      throw FormatError(
        .malformed, place, "a row must be an object with a text 'completion', and 'prompt' with it")
    }
    guard let prompt = (json["prompt"] ?? "").string else {
      throw FormatError(.malformed, place, "'prompt' must be a text")
    }
    let metadata = json["metadata"] ?? .emptyObject
    guard metadata.object != nil else {
      throw FormatError(.malformed, place, "'metadata' must be an object, found \(metadata.kind)")
    }
    // Groups are numbered anew: only which rows share one means anything.
    let key = json["group"]?.int.map { "#\($0)" } ?? "prompt " + prompt
    let group = groups[key] ?? groups.count
    groups[key] = group
    var row = Completion(prompt: prompt, text: text, metadata: metadata, group: group)
    try row.readFacts(json, place)
    rows.append(row)
  }
  guard !rows.isEmpty else {
    throw FormatError(.malformed, path, "the file holds no rows of prompt and completion")
  }
  return rows
}

extension Completion {
  /// What the row says of the completion beside its texts.
  fileprivate mutating func readFacts(_ row: JSONValue, _ place: String) throws(FormatError) {
    func value<Value>(
      _ key: String, _ what: String, _ read: (JSONValue) -> Value?
    ) throws(FormatError) -> Value? {
      guard let json = row[key], json != .null else { return nil }
      if let value = read(json) { return value }
      throw FormatError(.malformed, place, "'\(key)' must be \(what), found \(json.kind)")
    }
    tokens = try value("tokens", "a whole number from 0 upward") { json in
      json.int.flatMap { $0 < 0 ? nil : $0 }
    }
    // A sampled completion's line has the tokens themselves.
    tokens = tokens ?? row["completion_ids"]?.array?.count
    isTruncated = try value("truncated", "true or false", \.bool) ?? false
    reference = try value("reference", "a text", \.string)
  }
}
