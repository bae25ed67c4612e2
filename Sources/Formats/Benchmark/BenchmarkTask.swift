public import JSON

/// A task of a benchmark, as its file describes it: which rows there are, what a model is asked of each,
/// and how its answers are judged.
public struct BenchmarkTask: Sendable {
  /// Texts of which one is to be found the likeliest: each by a rule, or all of them a list in the row.
  public enum Choices: Sendable {
    case texts([TextRule])
    case list(TextRule)
  }

  /// What a model is asked.
  public enum Question: Sendable {
    /// One text, after which it writes, or one of the choices is likeliest.
    case text(TextRule)
    /// A text for each choice, after which the same words come.
    case contexts([TextRule], continuation: TextRule)
  }

  /// Where the place of the right choice is found.
  public enum Gold: Sendable {
    /// A field is its place.
    case index(TextRule)
    /// The text of a field is one of a list.
    case value(TextRule, among: Choices)
  }

  /// How an answer that a model writes is read.
  public struct AnswerFilter: Sendable {
    /// The filter's name, the pattern whose match's first group counts, and whether the last match does.
    public let name: String, pattern: String, takesLast: Bool
  }

  /// How a model writes, and what is read of it.
  public struct Writing: Sendable {
    /// Texts that end an answer.
    public var until: [String] = []
    /// The most tokens of an answer.
    public var maximumNewTokens = 256
    /// How answers are read; each gives a metric of its own.
    public var filters: [AnswerFilter] = []
    /// Patterns that are taken out of answer and target before they are compared, and whether capitals
    /// count.
    public var ignored: [String] = [], ignoresCase = false
  }

  /// How shots come about.
  public struct Shots: Sendable {
    /// How many there are unless the user says otherwise.
    public var count = 0
    /// The split they come from where the file names one.
    public var split: String?
    /// Whether they are the first rows of it instead of drawn ones.
    public var areFirst = false
  }

  /// A metric over choices or answers.
  public enum Metric: String, Sendable, CaseIterable {
    case accuracy = "acc"
    case normalizedAccuracy = "acc_norm"
    case byteAccuracy = "acc_bytes"
    case exactMatch = "exact_match"
  }

  /// The task's name.
  public internal(set) var name: String
  /// The file that describes it.
  public let file: String
  /// The description's version.
  public internal(set) var version: JSONValue = .null
  /// The data set's name on the Hub.
  public internal(set) var dataset: String?
  /// The files of each split as patterns, of which the first that finds any counts.
  public internal(set) var files: [(split: String, patterns: [String])] = []
  /// What stands before all.
  public internal(set) var description: TextRule?
  /// Fields that are made of others and then belong to the row; of one name, one after the other.
  public internal(set) var additions: [(name: String, rule: TextRule)] = []
  /// What is asked.
  public internal(set) var question: Question
  /// The choices; nil where a model writes.
  public internal(set) var choices: Choices?
  /// The right one of them.
  public internal(set) var gold: Gold?
  /// The answer as a text, where it is not the place of the right choice.
  public internal(set) var target: TextRule?
  /// What is measured.
  public internal(set) var metrics: [Metric] = []
  /// How many rows with their answers stand before a question, and where they come from.
  public internal(set) var shots = Shots()
  /// How a model writes; nil where choices are weighed.
  public internal(set) var writing: Writing?
  /// Of a task with subjects, the one that this is of.
  public internal(set) var subject: String?
  /// The groups it counts in, the narrowest first.
  public internal(set) var groups: [String] = []
  /// The subjects of each group, in a file that has several.
  var subjects: [(group: String, names: [String])] = []
  /// The file's content.
  public internal(set) var json: JSONValue = .null

  /// The split whose rows are asked: the test's where there is one.
  public var evaluatedSplit: String {
    files.contains { $0.split == "test" } ? "test" : "validation"
  }

  /// The split that shots come from.
  public var shotsSplit: String {
    if let split = shots.split { return split }
    return ["train", "validation", "test"].first { split in files.contains { $0.split == split } }
      ?? evaluatedSplit
  }

  /// Whether a shot more is drawn than is used, since the row itself may be among them.
  public var drawsOneMore: Bool {
    !shots.areFirst && shots.split == nil && !files.contains { $0.split == "test" }
  }

  /// Patterns of a split's files, with the subject in them.
  public func patterns(_ split: String) -> [String] {
    let patterns = files.first { $0.split == split }?.patterns ?? []
    return patterns.map { $0.replacing("{subject}", with: subject ?? "") }
  }
}
