import TaskKit

/// A row of one of the shapes: what is asked, and answers of which some are preferred. Whatever it
/// says is used, refused, or kept as metadata.
///
/// | shape | keys |
/// |---|---|
/// | pair | `chosen`, `rejected`; the prompt, or none, where both begin with it |
/// | scored answers | the prompt, `completions`: `response` and a score each |
/// | answer with a label | the prompt, `completion`, `label`; or `messages` and `label` |
/// | prompt alone | `prompt`; the model is to write the answer, and rewards to judge it |
///
/// The prompt is `prompt`, `conversations` (or `messages`), or `instruction` with `input` and
/// `history`. Each shape may have `system`, `tools`, `documents` and `chat_template_kwargs` beside.
struct PreferenceRow: Sendable {
  enum Answers: Sendable {
    case pair(chosen: Answer, rejected: Answer)
    case scored(ScoredAnswers)
    case labeled(Answer, isWanted: Bool)
    case none
  }

  var prompt: [Turn]
  let answers: Answers
  /// What the chat template reads beside the messages.
  let templateVariables: JSON.Members
  /// Columns that say nothing to training.
  let metadata: JSON.Members
  /// Where the row comes from, for the report's groups; what its prompt is called, for its
  /// clusters.
  let source: String, promptID: String
  /// Names of the columns that are not even described by the report.
  let unread: JSON.Members

  /// Reads `value`; `place` is its file and line, which every fault names, `file` the file's name.
  /// Throws `BadPair` where it is read well and yet prefers nothing.
  init(_ value: JSON, place: String, file: String, score key: String) throws {
    let fields = try Fields(value, place: place, what: "a row")
    let shape = try RowShape(fields), keys = shape.keys(fields)
    try keys.check(fields)
    let earlier = RowMetadata(exported: fields)
    let reader = try RowReader(fields, earlier)
    switch shape {
    case .pair: (prompt, answers) = try reader.pair()
    case .scored:
      prompt = try reader.promptTurns()
      answers = .scored(try ScoredAnswers(fields, score: key))
    case .labeled: (prompt, answers) = try reader.labeled()
    case .prompt: (prompt, answers) = (try reader.promptTurns(), .none)
    }
    guard let last = prompt.last, last.role == "user" || last.role == "tool" else {
      throw fields.fault("the prompt must end with a user's or a tool's turn")
    }
    guard last.role == "tool" || last.saysSomething else {
      throw fields.fault(
        "the prompt is empty; where 'chosen' and 'rejected' hold it, leave 'prompt' out")
    }
    prompt = try fields.withSystem(prompt)
    templateVariables = try TemplateVariables.of(
      fields, wrapsTools: fields["conversations"] != nil)
    var columns = try keys.metadata(fields)
    if earlier != nil { columns[RowMetadata.key] = nil }
    guard columns[RowMetadata.key] == nil else {
      throw fields.fault("'\(RowMetadata.key)' is the name of what is told of each row; rename it")
    }
    metadata = columns
    source = RowShape.sources.lazy.compactMap { fields[$0]?.label }.first ?? earlier?.source ?? file
    promptID = fields["prompt_id"]?.label ?? earlier?.prompt_id ?? prompt.fingerprint
    var unread = metadata
    for key in RowShape.described { unread[key] = nil }
    if case .scored(let scored) = answers {
      for key in scored.unread.sorted() { unread["completions[].\(key)"] = .null }
    }
    self.unread = unread
  }
}

extension JSON {
  /// A text that says something, or a number as one: a name.
  var label: String? {
    string.flatMap { $0.isEmpty ? nil : $0 } ?? (double == nil ? nil : text)
  }
}

extension [Turn] {
  /// A name for a prompt: the same for the same turns, in every run (FNV-1a, 64 bits).
  fileprivate var fingerprint: String {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for turn in self {
      for byte in (turn.role + "\u{0}" + turn.text + "\u{0}").utf8 {
        hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
      }
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
