import FoundationEssentials
import TaskKit
import Testing

@testable import Preference

/// Writes `text` to a file of its own, `rows.jsonl`, and lends its path.
func withFile<R>(_ text: String, _ body: (String) throws -> R) throws -> R {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  let file = folder.appendingPathComponent("rows.jsonl")
  try Data(text.utf8).write(to: file)
  return try body(file.path)
}

/// The dataset of one file's `text`, with `set` changing its section of the recipe.
func dataset(
  _ text: String, _ split: Split = .train, _ set: (inout PreferenceConfig) -> Void = { _ in }
) throws -> PreferenceDataset {
  try withFile(text) { path in
    var config = PreferenceConfig()
    config.train = Paths([path])
    set(&config)
    return try #require(try PreferenceDataset(config: config, split: split, host: .none))
  }
}

extension PreferenceDataset {
  /// All rows.
  func examples(epoch: Int = 0, seed: UInt64 = 0) throws -> [Example] {
    try (0..<count).map { try example(at: $0, epoch: epoch, seed: seed) }
  }
}

/// The fault of the first row of `text` that has one, its file called `rows`.
func fault(_ text: String, _ set: (inout PreferenceConfig) -> Void = { _ in }) -> String {
  do {
    return try withFile(text) { path in
      var config = PreferenceConfig()
      config.train = Paths([path])
      set(&config)
      do {
        let dataset = try #require(
          try PreferenceDataset(config: config, split: .train, host: .none))
        return "read as \(try dataset.examples())"
      } catch { return "\(error)".replacing(path, with: "rows") }
    }
  } catch { return "\(error)" }
}

/// A row in short: its prompt, its answers, its label.
func short(_ example: Example) -> String {
  func text(_ turns: [Turn]) -> String {
    turns.map { "\($0.role.prefix(1)):\($0.text)" + ($0.isTrained ? "" : "*") }
      .joined(separator: " ")
  }
  let label = example.label.map { $0 ? " +" : " -" } ?? ""
  guard example.isPair else { return text(example.turns) + label }
  return "\(text(example.turns)) > \(text(example.chosen)) < \(text(example.rejected))\(label)"
}

/// A pair of strings with further columns.
func pair(
  _ more: String = "", prompt: String = "q", chosen: String = "yes", rejected: String = "no"
)
  -> String
{
  #"{"prompt": "\#(prompt)", "chosen": "\#(chosen)", "rejected": "\#(rejected)"\#(more)}"#
}

/// A list of messages of these roles and texts: `u:q a:yes`.
func messages(_ text: String) -> String {
  let roles: [Substring: String] = [
    "u": "user", "a": "assistant", "s": "system", "t": "tool",
  ]
  let turns = text.split(separator: " ").map { turn in
    let parts = turn.split(separator: ":", maxSplits: 1)
    return #"{"role": "\#(roles[parts[0]] ?? "")", "content": "\#(parts.dropFirst().joined())"}"#
  }
  return "[" + turns.joined(separator: ", ") + "]"
}

/// A text as JSON, whose escapes are written already.
func text(_ text: String) -> String { "\"\(text)\"" }

/// A row of these members.
func object(_ members: [(String, String)]) -> String {
  "{" + members.map { "\"\($0)\": \($1)" }.joined(separator: ", ") + "}"
}

/// A pair of these values.
func row(
  prompt: String? = nil, chosen: String, rejected: String, _ more: [(String, String)] = []
) -> String {
  let asked = prompt.map { [("prompt", $0)] } ?? []
  return object(asked + [("chosen", chosen), ("rejected", rejected)] + more)
}
