/// What becomes of the keys of a row of texts: some are read, some mean something to training in
/// other tools and are refused, since they are not followed here; the rest is metadata.
public struct RowKeys: Sendable {
  /// The keys that the row's shape reads.
  public let known: [String]
  private let refused: [String: String], named: [String]

  /// `refused` says why further keys are refused, beside `commonlyRefused`. A key that is a letter
  /// away from a known one, or from one of `named`, is a slip; those of `named` are columns
  /// themselves.
  public init(known: [String], refused: [String: String] = [:], named: [String] = []) {
    self.known = known
    self.refused = Self.commonlyRefused.merging(refused) { $1 }
    self.named = named
  }

  /// Keys that no task of texts follows, and why: what stands behind the key in a sentence.
  public static let commonlyRefused: [String: String] = {
    var reasons: [String: String] = [:]
    func refuse(_ keys: [String], _ reason: String) { for key in keys { reasons[key] = reason } }
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
      ["tool_calls", "tool_call_id", "reasoning_content", "thinking", "reasoning"],
      "belongs to a message, not to the row")
    refuse(["system_prompt"], "is called 'system' here; rename it")
    refuse(
      ["enable_thinking", "add_generation_prompt"],
      "is a variable of the chat template; write it into 'chat_template_kwargs'")
    refuse(
      ["chat_template"], "would be another template than the model's own, which writes all rows")
    refuse(["functions"], "is the older form of 'tools'; write a list of schemas there")
    return reasons
  }()

  /// Refuses what would change what is learnt, and what is a letter away from a key that is read.
  public func check(_ fields: Fields) throws {
    if let fault = fault(fields) { throw fault }
    for key in fields.keys
    where !known.contains(key) && refused[key] == nil && !named.contains(key) {
      try UnreadKeys.refuseSlip(key, among: known + named, at: fields.place)
    }
  }

  /// Why the row cannot be read for one of its keys; nil where none stands against it. Keys that
  /// say nothing do not.
  public func fault(_ fields: Fields) -> PluginError? {
    for key in fields.keys where !known.contains(key) && fields.says(key) {
      if let reason = refused[key] { return fields.fault("'\(key)' \(reason)") }
      let isTokens = key == "labels" && fields[key]?.array?.allSatisfy { $0.int != nil } == true
      if isTokens { return fields.fault("'labels' holds tokens; leave it out") }
    }
    return nil
  }

  /// The columns that say nothing to training, and what an exported row has under `metadata`.
  public func metadata(_ fields: Fields) throws -> JSON.Members {
    var metadata: JSON.Members = [:]
    for key in fields.keys where !known.contains(key) { metadata[key] = fields[key] }
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

  /// The sentence that names the columns of `rows` that are kept as metadata, for `Dataset.notes`.
  public static func notes(_ rows: [JSON.Members]) -> [String] {
    var counts: [String: Int] = [:]
    for row in rows {
      for key in row.keys { counts[key, default: 0] += 1 }
    }
    guard !counts.isEmpty else { return [] }
    let names = counts.sorted { $0.key < $1.key }.map { key, count in
      "'\(key)'" + (count == rows.count ? "" : " (\(count) row\(count == 1 ? "" : "s"))")
    }
    return ["not used for training, kept as metadata: \(names.joined(separator: ", "))"]
  }
}
