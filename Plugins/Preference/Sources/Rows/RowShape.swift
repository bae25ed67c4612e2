import TaskKit

/// What a row says of answers, known by its keys.
enum RowShape: CaseIterable {
  /// `chosen` and `rejected`.
  case pair
  /// `completions`: several answers with scores.
  case scored
  /// `label`: whether the one answer is a wanted one.
  case labeled
  /// `prompt` and no answer, for objectives whose answers are the model's own.
  case prompt

  /// The one shape that the row has.
  init(_ fields: Fields) throws {
    let found = Self.allCases.filter { shape in shape.marks.contains { fields[$0] != nil } }
    guard let shape = found.first else {
      guard fields["prompt"] != nil else { throw Self.unknown(fields) }
      self = .prompt
      return
    }
    guard found.count == 1 else {
      let names = found.map { "'\($0.marks.joined(separator: "', '"))'" }
      throw fields.fault("the row has \(names.joined(separator: " and ")) too; keep one of them")
    }
    self = shape
  }

  /// The keys that the shape is known by.
  private var marks: [String] {
    switch self {
    case .pair: ["chosen", "rejected"]
    case .scored: ["completions"]
    case .labeled: ["label"]
    case .prompt: []
    }
  }

  /// Keys that name what is asked; a row has one of them at most.
  static let prompts = ["prompt", "conversations", "instruction"]

  /// Columns that are metadata and are read nevertheless: where a row comes from, and scores.
  static let sources = ["source", "dataset"]
  static let scores = [
    ("score_chosen", "score_rejected"), ("chosen_score", "rejected_score"),
    ("chosen_rating", "rejected_rating"), ("chosen-rating", "rejected-rating"),
  ]
  static let models = [
    ("chosen_model", "rejected_model"), ("chosen-model", "rejected-model"),
  ]
  static let described =
    sources + ["prompt_id", "model"] + (scores + models).flatMap { [$0.0, $0.1] }

  /// The keys that say what is learnt.
  private func taught(_ fields: Fields) -> [String] {
    let isAlpaca = fields["instruction"] != nil
    let answers = self == .labeled ? [isAlpaca ? "output" : "completion"] : []
    return marks + answers + Self.prompts + (isAlpaca ? ["input", "history"] : [])
      + ["messages", "system", "metadata"] + TemplateVariables.keys
  }

  /// What becomes of the row's keys.
  func keys(_ fields: Fields) -> RowKeys {
    RowKeys(
      known: taught(fields), refused: Self.refused,
      named: Self.described + ["models", "completion", "completions", "images"]
        + (self == .prompt ? Self.allCases.flatMap(\.marks) : []))
  }

  /// Keys that mean something elsewhere, and why they are refused here.
  private static let refused: [String: String] = {
    var reasons: [String: String] = [:]
    func refuse(_ keys: [String], _ reason: String) { for key in keys { reasons[key] = reason } }
    refuse(["question", "query"], "is called 'prompt' here; rename it")
    refuse(["context"], "would be a part of the prompt; write it into 'prompt'")
    refuse(
      ["input", "history"],
      "belongs to rows with 'instruction'; write it there, or all of it into 'prompt'")
    refuse(["kto_tag"], "is called 'label' here; rename it")
    refuse(
      ["completion", "output", "response"],
      "is one answer, but the row has others to learn from; remove the column")
    refuse(
      [
        "prompt_ids", "chosen_ids", "rejected_ids", "prompt_input_ids", "chosen_input_ids",
        "rejected_input_ids", "completion_ids",
      ], "holds tokens, but the model's own tokenizer makes them here; leave it out")
    refuse(
      ["ref_chosen_logps", "ref_rejected_logps"],
      "holds a reference model's log-probabilities, which are computed here; leave it out")
    return reasons
  }()

  private static func unknown(_ fields: Fields) -> PluginError {
    if let fault = RowKeys(known: [], refused: refused).fault(fields) { return fault }
    let keys = fields.keys.sorted()
    let found = keys.isEmpty ? "none" : keys.map { "'\($0)'" }.joined(separator: ", ")
    let marks = allCases.flatMap(\.marks)
    let slip = keys.lazy.compactMap { key in
      nearestName(to: key, among: marks).map { "; did you mean '\($0)' by '\(key)'?" }
    }.first
    return fields.fault(
      "unknown shape of row: found the keys \(found); expected 'chosen' and 'rejected', or "
        + "'completions' with scores, or 'completion' with 'label', or 'prompt' alone"
        + (slip ?? ""))
  }
}
