import TaskKit

/// A row of one of the shapes: what is asked, and answers of which some are preferred. Whatever it
/// says is used, refused, or kept as metadata.
///
/// | shape | keys |
/// |---|---|
/// | pair | `chosen`, `rejected`; the prompt, or none, where both begin with it |
/// | scored answers | the prompt, `completions`: `response` and a score each |
/// | answer with a label | the prompt, `completion`, `label`; or `messages` and `label` |
///
/// The prompt is `prompt`, `conversations` (or `messages`), or `instruction` with `input` and
/// `history`. Each shape may have `system`, `tools`, `documents` and `chat_template_kwargs` beside.
struct PreferenceRow: Sendable {
  enum Answers: Sendable {
    case pair(chosen: Answer, rejected: Answer)
    case scored(ScoredAnswers)
    case labeled(Answer, isWanted: Bool)
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
    let read = try Reading(fields)
    switch shape {
    case .pair: (prompt, answers) = try read.pair()
    case .scored:
      prompt = try read.promptTurns()
      answers = .scored(try ScoredAnswers(fields, score: key))
    case .labeled: (prompt, answers) = try read.labeled()
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
    metadata = try keys.metadata(fields)
    guard metadata[RowMetadata.key] == nil else {
      throw fields.fault("'\(RowMetadata.key)' is the name of what is told of each row; rename it")
    }
    source = RowShape.sources.lazy.compactMap { fields[$0]?.label }.first ?? file
    promptID = fields["prompt_id"]?.label ?? prompt.fingerprint
    var unread = metadata
    for key in RowShape.described { unread[key] = nil }
    if case .scored(let scored) = answers {
      for key in scored.unread.sorted() { unread["completions[].\(key)"] = .null }
    }
    self.unread = unread
  }
}

/// Reads the prompt and the answers of a row.
private struct Reading {
  let fields: Fields
  /// The key that names what is asked; nil where the answers begin with it.
  let key: String?

  init(_ fields: Fields) throws {
    self.fields = fields
    let found = RowShape.prompts.filter { fields[$0] != nil }
    guard found.count < 2 else {
      throw fields.fault("the row has '\(found[0])' and '\(found[1])' too; keep one of them")
    }
    key = found.first
  }

  /// What is asked, by the keys that name it; nil where there is none.
  private func prompt() throws -> [Turn]? {
    if key == "instruction" { return try fields.alpacaPrompt().untrained }
    return try key.flatMap { try Passage(fields, $0) }?.asPrompt
  }

  func promptTurns() throws -> [Turn] {
    if let prompt = try prompt() { return prompt }
    guard let messages = try Passage(fields, "messages") else {
      throw fields.fault("'prompt' is missing; add it")
    }
    return messages.asPrompt
  }

  /// The passage under `key`. Behind a transcript that ends with "Assistant:" white space is none
  /// of the answer's.
  private func answer(_ key: String) throws -> Passage? {
    guard let passage = try Passage(fields, key) else { return nil }
    let prompt = self.key.flatMap { fields[$0]?.string }
    guard case .text(let text) = passage, prompt.flatMap(Transcript.init) != nil else {
      return passage
    }
    return .text(String(text.trimmed))
  }

  func pair() throws -> ([Turn], PreferenceRow.Answers) {
    guard let chosen = try answer("chosen") else {
      throw fields.fault("'chosen' is missing; a pair has it and 'rejected'")
    }
    guard let rejected = try answer("rejected") else {
      throw fields.fault("'rejected' is missing; a pair has it and 'chosen'")
    }
    if chosen.asAnswer.says(what: rejected.asAnswer) {
      throw BadPair(.identical, "'chosen' and 'rejected' say the same")
    }
    let division = try divide(chosen, rejected)
    let (one, other) = (scores(), models())
    let pair = (
      Answer(turns: division.chosen, score: try one.0.flatMap(fields.score), model: other.0),
      Answer(turns: division.rejected, score: try one.1.flatMap(fields.score), model: other.1)
    )
    try pair.0.check("chosen", fields)
    try pair.1.check("rejected", fields)
    if pair.0.turns.says(what: pair.1.turns) {
      throw BadPair(.identical, "'chosen' and 'rejected' say the same")
    }
    try compare(pair.0.score, pair.1.score)
    return (division.prompt, .pair(chosen: pair.0, rejected: pair.1))
  }

  private func divide(_ chosen: Passage, _ rejected: Passage) throws -> Division {
    var prompt = try prompt()
    if let messages = try Passage(fields, "messages") {
      // Some files have the chosen conversation once more under this key.
      let isChosen = messages.asAnswer.says(what: chosen.asAnswer)
      guard isChosen || prompt == nil || prompt == messages.asPrompt else {
        throw fields.fault("'messages' is neither the prompt nor 'chosen'; remove the column")
      }
      prompt = prompt ?? (isChosen ? nil : messages.asPrompt)
    }
    if let prompt { return try Division(prompt: prompt, chosen: chosen, rejected: rejected) }
    switch (chosen, rejected) {
    case (.text(let one), .text(let other)): return try Division(one, other)
    case (.turns(let one), .turns(let other)): return try Division(one, other)
    default:
      throw fields.fault(
        "'chosen' and 'rejected' are a text and turns, so their prompt is not seen; add 'prompt'")
    }
  }

  private func compare(_ chosen: Double?, _ rejected: Double?) throws {
    guard let chosen, let rejected else { return }
    let (one, other) = (chosen.scoreText, rejected.scoreText)
    if chosen == rejected { throw BadPair(.tie, "both answers have the score \(one)") }
    if chosen < rejected {
      throw BadPair(.reversed, "'chosen' has the score \(one), 'rejected' the higher \(other)")
    }
  }

  private func scores() -> (String?, String?) {
    let named = RowShape.scores.first { fields[$0.0] != nil || fields[$0.1] != nil }
    return (named?.0, named?.1)
  }

  private func models() -> (String?, String?) {
    let named = RowShape.models.first { fields[$0.0] != nil || fields[$0.1] != nil }
    return (named.flatMap { fields[$0.0]?.label }, named.flatMap { fields[$0.1]?.label })
  }

  func labeled() throws -> ([Turn], PreferenceRow.Answers) {
    let label = fields["label"]
    guard let isWanted = label?.bool ?? label?.int.flatMap({ [0: false, 1: true][$0] }) else {
      throw fields.fault("'label' must be true (a wanted answer) or false, or 1 or 0")
    }
    let answerKey = key == "instruction" ? "output" : "completion"
    var prompt: [Turn], turns: [Turn]
    if let answer = try answer(answerKey) {
      prompt = try promptTurns()
      turns = answer.asAnswer
      if turns.begin(with: prompt) { turns.removeFirst(prompt.count) }
    } else {
      let whole = key ?? "messages"
      guard whole != "instruction", whole != "prompt", let passage = try Passage(fields, whole)
      else { throw fields.fault("'\(answerKey)' is missing; add it") }
      turns = passage.asAnswer
      // The answer is all that follows the last turn of somebody else.
      let asked = turns.lastIndex { $0.role != "assistant" && $0.role != "tool" } ?? -1
      prompt = Array(turns[...asked])
      turns.removeFirst(asked + 1)
    }
    let answer = Answer(turns: turns, model: fields["model"]?.label)
    try answer.check(answerKey, fields)
    return (prompt.untrained, .labeled(answer, isWanted: isWanted))
  }
}

extension JSON {
  /// A text that says something, or a number as one: a name.
  fileprivate var label: String? {
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
