import FoundationEssentials
import JSON
import Names
import Tasks

/// What the bundled reward `command` is to run.
struct CommandJob: Sendable, Hashable {
  /// The reward's name in a recipe.
  static let name = "command"
  /// What `plugins list` says of it.
  static let summary =
    "Scores of a program that reads and writes a line of JSON a batch; config: run, name."

  /// The program, looked for in PATH, and its arguments.
  let words: [String]
  /// What metrics and files call the reward.
  let label: String

  /// Reads `{"run": ["python3", "serve.py", …], "name": …}`.
  init(_ configuration: JSONValue) throws(TaskError) {
    let known = ["run", "name"]
    for key in configuration.object?.keys ?? [] where !known.contains(key) {
      let hint = nearestName(to: key, among: known).map { "did you mean '\($0)'?" }
      throw Self.fault("unknown key '\(key)'; " + (hint ?? "known: 'run', 'name'"))
    }
    let list = configuration["run"]?.array ?? [], words = list.compactMap(\.string)
    guard !words.isEmpty, words.count == list.count, !words.contains(where: Self.isBroken),
      words[0] != ""
    else {
      throw Self.fault(
        "'run' must be a list of texts, the program and its arguments, as in "
          + "[python3, serve.py, brevity.py]")
    }
    let name = configuration["name"] ?? .string(Self.name)
    guard let label = name.string, !label.isEmpty else {
      throw Self.fault("'name' must be a text, what metrics call the reward")
    }
    self.words = words
    self.label = label
  }

  /// C ends a text at its NUL.
  private static func isBroken(_ word: String) -> Bool { word.utf8.contains(0) }

  private static func fault(_ what: String) -> TaskError {
    TaskError(.configuration, "reward '\(name)': \(what)")
  }

  /// The file that decides the scores most: the last word that names one, `FILE:NAME` too.
  var file: String {
    let files = words.map { word in
      let mark = word.lastIndex(of: ":") ?? word.endIndex
      return FileManager.default.fileExists(atPath: word) ? word : String(word[..<mark])
    }
    return files.last { FileManager.default.fileExists(atPath: $0) } ?? words[0]
  }
}
