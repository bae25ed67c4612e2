import TaskKit

/// How a row says its conversation, known by its keys.
enum RowShape: CaseIterable {
  case messages, conversations, alpaca, openOrca, promptCompletion
  /// A prompt alone, for objectives whose answers are the model's own.
  case prompt

  /// The keys that the shape must have.
  var needed: [String] {
    switch self {
    case .messages: ["messages"]
    case .conversations: ["conversations"]
    case .alpaca: ["instruction", "output"]
    case .openOrca: ["question", "response"]
    case .promptCompletion: ["prompt", "completion"]
    case .prompt: ["prompt"]
    }
  }

  /// The keys that it reads.
  var known: [String] {
    let own = self == .alpaca ? ["input", "history"] : self == .openOrca ? ["system_prompt"] : []
    return needed + own + ["system", "metadata"] + TemplateVariables.keys
  }

  /// The one shape that the row has.
  init(_ fields: Fields) throws {
    var found = Self.allCases.filter { $0.needed.allSatisfy { fields[$0] != nil } }
    // Beside another shape its keys are columns.
    if found.count > 1 { found.removeAll { $0 == .openOrca } }
    if found.count > 1 { found.removeAll { $0 == .prompt } }
    guard let shape = found.first else { throw Self.unknown(fields) }
    guard found.count == 1 else {
      let names = found.map { "'\($0.needed.joined(separator: "' with '"))'" }
      throw fields.fault("the row has \(names.joined(separator: " and ")) too; keep one of them")
    }
    self = shape
  }

  private static func unknown(_ fields: Fields) -> PluginError {
    let others = RowKeys(known: [], refused: refused)
    if let fault = others.fault(fields) ?? labelFault(fields) { return fault }
    let keys = fields.keys.sorted()
    let found = keys.isEmpty ? "none" : keys.map { "'\($0)'" }.joined(separator: ", ")
    let needed = allCases.flatMap(\.needed)
    let slip = keys.lazy.filter { !needed.contains($0) }.compactMap { key in
      nearestName(to: key, among: needed).map { "; did you mean '\($0)' by '\(key)'?" }
    }.first
    return fields.fault(
      "unknown shape of row: found the keys \(found); expected 'messages', or 'conversations', or "
        + "'instruction' with 'output', or 'question' with 'response', or 'prompt' with 'completion' "
        + "or alone" + (slip ?? ""))
  }
}

extension RowShape {
  /// Keys that mean something to training elsewhere, and why they are refused here.
  private static let refused: [String: String] = {
    var reasons: [String: String] = [:]
    for key in ["chosen", "rejected", "rejected_response", "rejected_messages", "kto_tag"] {
      reasons[key] = "says which answer is preferred, which this task does not learn from"
    }
    for key in ["role", "content"] { reasons[key] = "belongs to a message, not to the row" }
    reasons["history"] = "belongs to rows of 'instruction' and 'output'; write it as messages"
    reasons["text"] = "is a text without turns; write it as messages"
    return reasons
  }()

  /// Keys that are refused only where they are all that the row has.
  private static let harmlessBesideShape: Set = ["text", "content", "role"]

  /// What becomes of the row's other keys.
  var keys: RowKeys {
    RowKeys(
      known: known, refused: Self.refused.filter { !Self.harmlessBesideShape.contains($0.key) },
      named: ["chosen", "rejected", "images"] + (self == .prompt ? ["completion", "output"] : []))
  }

  /// Refuses what would change what is learnt, and slips.
  func check(_ fields: Fields) throws {
    if let fault = Self.labelFault(fields) { throw fault }
    try keys.check(fields)
  }

  private static func labelFault(_ fields: Fields) -> PluginError? {
    guard fields["label"]?.bool != nil else { return nil }
    return fields.fault("'label' says whether the answer is preferred, which is not learnt here")
  }
}
