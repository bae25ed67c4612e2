import TaskKit

/// How a row says its conversation, known by its keys.
enum RowShape: CaseIterable {
  case messages, conversations, alpaca, promptCompletion

  /// The keys that the shape must have.
  var needed: [String] {
    switch self {
    case .messages: ["messages"]
    case .conversations: ["conversations"]
    case .alpaca: ["instruction", "output"]
    case .promptCompletion: ["prompt", "completion"]
    }
  }

  /// The keys that it reads.
  var known: [String] {
    let own = self == .alpaca ? ["input", "history"] : []
    return needed + own + ["system", "tools", "documents", "chat_template_kwargs", "metadata"]
  }

  /// The one shape that the row has.
  init(_ fields: Fields) throws {
    let found = Self.allCases.filter { $0.needed.allSatisfy { fields[$0] != nil } }
    guard let shape = found.first else { throw Self.unknown(fields) }
    guard found.count == 1 else {
      let names = found.map { "'\($0.needed.joined(separator: "' with '"))'" }
      throw fields.fault("the row has \(names.joined(separator: " and ")) too; keep one of them")
    }
    self = shape
  }

  private static func unknown(_ fields: Fields) -> PluginError {
    if let fault = RowKeys.fault(fields, beside: []) { return fault }
    let keys = fields.keys.sorted()
    let found = keys.isEmpty ? "none" : keys.map { "'\($0)'" }.joined(separator: ", ")
    let needed = allCases.flatMap(\.needed)
    let slip = keys.lazy.filter { !needed.contains($0) }.compactMap { key in
      nearestName(to: key, among: needed).map { "; did you mean '\($0)' by '\(key)'?" }
    }.first
    return fields.fault(
      "unknown shape of row: found the keys \(found); expected 'messages', or 'conversations', or "
        + "'instruction' with 'output', or 'prompt' with 'completion'" + (slip ?? ""))
  }
}

/// What becomes of a row's other keys: those that would change what is learnt in some tool are refused,
/// since they are not followed here; the rest is metadata.
enum RowKeys {
  /// Keys that mean something to training elsewhere, and why they are refused.
  private static let refused: [String: String] = {
    var reasons: [String: String] = [:]
    func refuse(_ keys: [String], _ reason: String) { for key in keys { reasons[key] = reason } }
    refuse(
      ["chosen", "rejected", "rejected_response", "rejected_messages", "kto_tag"],
      "says which answer is preferred, which this task does not learn from")
    refuse(
      ["images", "image", "videos", "video", "audios", "audio"],
      "holds media, but this task reads text only")
    refuse(
      ["input_ids", "assistant_masks", "completion_mask"],
      "holds tokens, but the model's own tokenizer makes them here; leave it out")
    refuse(
      ["weight", "sample_weight", "loss_weight", "loss_scale"],
      "weighs the row, which is not done here; 'weight' 0 or 1 of a message leaves a turn out")
    refuse(
      [
        "tool_calls", "tool_call_id", "reasoning_content", "thinking", "reasoning", "role",
        "content",
      ],
      "belongs to a message, not to the row")
    refuse(["system_prompt"], "is called 'system' here; rename it")
    refuse(
      ["enable_thinking", "add_generation_prompt"],
      "is a variable of the chat template; write it into 'chat_template_kwargs'")
    refuse(
      ["chat_template"], "would be another template than the model's own, which writes all rows")
    refuse(["functions"], "is the older form of 'tools'; write a list of schemas there")
    refuse(["history"], "belongs to rows of 'instruction' and 'output'; write it as messages")
    refuse(["text"], "is a text without turns; write it as messages")
    return reasons
  }()

  /// Keys that are refused only where they are all that the row has.
  private static let harmlessBesideShape: Set = ["text", "content", "role"]

  /// Refuses what would change what is learnt, and what is a letter away from a key that is read.
  static func refuse(_ fields: Fields, _ shape: RowShape) throws {
    if let fault = fault(fields, beside: shape.known) { throw fault }
    let named = shape.known + ["chosen", "rejected", "images"]
    for key in fields.keys where !shape.known.contains(key) && refused[key] == nil {
      try UnreadKeys.refuseSlip(key, among: named, at: fields.place)
    }
  }

  /// Why the row cannot be read for one of its keys; nil where none stands against it.
  static func fault(_ fields: Fields, beside known: [String]) -> PluginError? {
    for key in fields.keys where !known.contains(key) && fields.says(key) {
      if let reason = refused[key], known.isEmpty || !harmlessBesideShape.contains(key) {
        return fields.fault("'\(key)' \(reason)")
      }
      let isTokens = key == "labels" && fields[key]?.array?.allSatisfy { $0.int != nil } == true
      if isTokens { return fields.fault("'labels' holds tokens; leave it out") }
      if key == "label", fields[key]?.bool != nil {
        return fields.fault(
          "'label' says whether the answer is preferred, which is not learnt here")
      }
    }
    return nil
  }

  /// The columns that say nothing to training, and what an exported row has under `metadata`.
  static func metadata(_ fields: Fields, _ shape: RowShape) throws -> JSON.Members {
    var metadata: JSON.Members = [:]
    for key in fields.keys where !shape.known.contains(key) { metadata[key] = fields[key] }
    guard let given = fields["metadata"] else { return metadata }
    guard let members = given.object else {
      metadata["metadata"] = given
      return metadata
    }
    for (key, value) in members {
      guard metadata[key] == nil else {
        throw fields.fault("'\(key)' stands in the row and in its 'metadata'; keep one of them")
      }
      metadata[key] = value
    }
    return metadata
  }
}
