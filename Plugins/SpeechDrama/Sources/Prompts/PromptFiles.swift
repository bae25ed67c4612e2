import FoundationEssentials
import TaskKit

/// The texts that prompts of ratings are made of: `realism.json`, `archetype.json`.
struct RatingPrompts: Decodable, Sendable {
  /// One dimension's scale in words.
  struct Rubric: Decodable, Sendable {
    /// One way to word it: what is meant, and what each score stands for, the lowest first.
    struct Wording: Decodable, Sendable {
      var meaning: String, anchors: [String]
    }
    var name: String
    var rule: String?
    /// The first is the standard one.
    var wordings: [Wording]
  }

  /// The frame of a prompt for all dimensions.
  struct All: Decodable, Sendable {
    var instructions: String
    /// What precedes the answer's schema, in fixed and in free order.
    var fixed: String, free: String
  }

  /// What stands before each of the record's texts.
  var context: [String: String]
  /// The instructions before a rubric; the first is the standard one.
  var headers: [String]
  /// Further instructions of the kinds with a thought, and of silent reasoning.
  var caption: String?, emotion: String?, reasoning: String?
  /// The last line; `{low}` and `{high}` are the scale's ends.
  var format: String
  var thought_format: String?
  var all: All?
  var dimensions: [String: Rubric]
}

/// The texts of multiple-choice prompts: `avqa.json`.
struct ChoicePrompts: Decodable, Sendable {
  var instructions: String, question: String, options: String, format: String
}

/// A folder of prompts' texts.
struct PromptFolder: Sendable {
  let path: String

  /// Where the texts of `family` lie.
  func file(_ family: Family) -> String { "\(path)/\(family.rawValue).json" }

  /// Reads and checks the texts for ratings of `family`.
  func ratings(_ family: Family) throws -> RatingPrompts {
    let prompts = try decode(RatingPrompts.self, file(family))
    func fault(_ message: String) -> PluginError {
      PluginError(.configuration, "\(file(family)): \(message)")
    }
    guard !prompts.headers.isEmpty else { throw fault("'headers' is empty; add one") }
    let keys = Set(family.dimensions.map(\.key))
    if let unknown = prompts.dimensions.keys.filter({ !keys.contains($0) }).min() {
      throw fault(
        "'dimensions.\(unknown)' is no dimension of \(family.rawValue); known: "
          + family.dimensions.map(\.key).joined(separator: ", "))
    }
    for dimension in family.dimensions {
      guard let rubric = prompts.dimensions[dimension.key] else {
        throw fault("'dimensions.\(dimension.key)' is missing; add it")
      }
      guard !rubric.wordings.isEmpty else {
        throw fault("'dimensions.\(dimension.key).wordings' is empty; add one")
      }
      for (index, wording) in rubric.wordings.enumerated()
      where wording.anchors.count != dimension.choices.count {
        throw fault(
          "'dimensions.\(dimension.key).wordings.\(index).anchors' has \(wording.anchors.count) "
            + "texts; the scale \(dimension.low) to \(dimension.high) needs "
            + "\(dimension.choices.count)")
      }
    }
    return prompts
  }

  /// Reads the texts for multiple choice.
  func choices() throws -> ChoicePrompts { try decode(ChoicePrompts.self, file(.avqa)) }

  private func decode<T: Decodable>(_ type: T.Type, _ path: String) throws -> T {
    guard let bytes = try? Data(contentsOf: URL(fileURLWithPath: path)) else {
      throw PluginError(
        .configuration,
        "\(path): no such file, or it cannot be read; 'data.prompts' names the folder with the "
          + "prompts' texts, '${task}/prompts' for those of the task")
    }
    do {
      return try JSON(parsing: bytes).decoded()
    } catch let error as PluginError {
      throw PluginError(.configuration, "\(path): \(error.message)")
    }
  }
}
