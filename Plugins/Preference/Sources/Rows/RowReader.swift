import TaskKit

/// Reads the prompt and the answers of a row.
struct RowReader {
  private let fields: Fields
  /// The key that names what is asked; nil where the answers begin with it.
  private let key: String?
  /// What is known of a row that was written before.
  private let earlier: RowMetadata?

  init(_ fields: Fields, _ earlier: RowMetadata?) throws {
    (self.fields, self.earlier) = (fields, earlier)
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

  /// What is asked, of a row whose answers do not begin with it.
  func promptTurns() throws -> [Turn] {
    let messages = try messages()
    if let prompt = try prompt() { return prompt }
    guard let messages else { throw fields.fault("'prompt' is missing; add it") }
    return messages.asPrompt
  }

  /// What stands under `messages`, where no other key names what is asked.
  private func messages() throws -> Passage? {
    guard fields.says("messages") else { return nil }
    if let key { throw fields.fault("the row has '\(key)' and 'messages' too; keep one of them") }
    return try Passage(fields, "messages")
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

  /// The prompt and the two answers of a pair.
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
    let (scores, models) = (try scores(), models())
    let pair = (
      Answer(turns: division.chosen, score: scores.0, model: models.0),
      Answer(turns: division.rejected, score: scores.1, model: models.1)
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
    if fields.says("messages"), let messages = try Passage(fields, "messages") {
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

  private func scores() throws -> (Double?, Double?) {
    let (one, other) = named(RowShape.scores) ?? ("", "")
    return (
      try fields.score(one) ?? earlier?.chosen?.score,
      try fields.score(other) ?? earlier?.rejected?.score
    )
  }

  private func models() -> (String?, String?) {
    let (one, other) = named(RowShape.models) ?? ("", "")
    return (
      fields[one]?.label ?? earlier?.chosen?.model, fields[other]?.label ?? earlier?.rejected?.model
    )
  }

  /// The first two keys of which the row has one.
  private func named(_ keys: [(String, String)]) -> (String, String)? {
    keys.first { fields[$0.0] != nil || fields[$0.1] != nil }
  }

  /// The prompt and the answer of a row with a label.
  func labeled() throws -> ([Turn], PreferenceRow.Answers) {
    let label = fields["label"]
    guard let isWanted = label?.bool ?? label?.int.flatMap({ [0: false, 1: true][$0] }) else {
      throw fields.fault("'label' must be true (a wanted answer) or false, or 1 or 0")
    }
    let answerKey = key == "instruction" ? "output" : "completion"
    var (prompt, turns) = ([Turn](), [Turn]())
    if let answer = try answer(answerKey) {
      (prompt, turns) = (try promptTurns(), answer.asAnswer)
      if turns.begin(with: prompt) { turns.removeFirst(prompt.count) }
    } else {
      turns = try conversation(else: answerKey)
      // The answer is all that follows the last turn of somebody else.
      let asked = turns.lastIndex { $0.role != "assistant" && $0.role != "tool" } ?? -1
      prompt = Array(turns[...asked])
      turns.removeFirst(asked + 1)
    }
    let answer = Answer(
      turns: turns, score: earlier?.answer?.score,
      model: fields["model"]?.label ?? earlier?.answer?.model)
    try answer.check(answerKey, fields)
    return (prompt.untrained, .labeled(answer, isWanted: isWanted))
  }

  /// The conversation that ends in the answer, of a row that has none under `key`.
  private func conversation(else answerKey: String) throws -> [Turn] {
    let messages = try messages()
    let found = try key == "conversations" ? Passage(fields, "conversations") : messages
    guard let found else { throw fields.fault("'\(answerKey)' is missing; add it") }
    return found.asAnswer
  }
}
