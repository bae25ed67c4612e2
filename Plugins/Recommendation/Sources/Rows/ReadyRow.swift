import TaskKit

/// A row that another tool has prepared.
///
/// | shape | keys |
/// |---|---|
/// | Alpaca | `instruction`, `input`, `output`; optional `system`, `history` (pairs) |
/// | raw test | `history_titles`, `candidate_title`, `label`; optional `user_id` |
///
/// A row with the keys of both is an Alpaca row.
struct ReadyRow: Sendable {
  /// The turns before the answer.
  var prompt: [Turn]
  /// The instruction and the system's turn in it; nil where the whole question is one text.
  var wording: PromptBuilder?
  /// What is known of the row.
  var metadata: RowMetadata
  /// The row's keys that say nothing here.
  var unread: [String] = []

  /// Reads `value`; `columns` says how the file calls the keys, `place` is its file and line.
  init(_ value: JSON, columns: [String: String], prompts: PromptBuilder, place: String) throws {
    let fields = Fields(value: value, columns: columns, place: place)
    for key in columns.keys.sorted() { try fields.requireNamed(key) }
    guard let keys = value.object?.keys.sorted() else {
      throw fields.fault("a row must be an object, not \(value.kind)")
    }
    if fields.has("output"), fields.has("instruction") || fields.has("input") {
      self = try Self.alpaca(fields)
      unread = try fields.unread(beside: Fields.alpaca)
    } else if fields.has("history_titles"), fields.has("candidate_title") {
      self = try Self.raw(fields, prompts)
      unread = try fields.unread(beside: Fields.raw)
    } else {
      let found = keys.isEmpty ? "none" : keys.map { "'\($0)'" }.joined(separator: ", ")
      throw fields.fault(
        "unknown shape of row: found the keys \(found); expected 'instruction', 'input' and "
          + "'output', or 'history_titles', 'candidate_title' and 'label'")
    }
  }

  private init(prompt: [Turn], wording: PromptBuilder?, metadata: RowMetadata) {
    self.prompt = prompt
    self.wording = wording
    self.metadata = metadata
  }

  /// The same prompt as for a window: these rows carry no instruction of their own.
  private static func raw(_ fields: Fields, _ prompts: PromptBuilder) throws -> ReadyRow {
    guard let given = fields["history_titles"]?.array, case let titles = given.compactMap(\.string),
      titles.count == given.count, !titles.isEmpty
    else { throw fields.fault("'history_titles' must be a list of texts, at least one") }
    let lines = titles.enumerated().map { index, title in
      title.hasPrefix("\(index + 1). ") ? title : "\(index + 1). \(title)"
    }
    let candidate = try fields.text("candidate_title")
    var metadata = RowMetadata(label: try fields.answer("label"))
    metadata.user_id = try fields.user()
    metadata.candidate_title = candidate
    metadata.history_titles = lines
    metadata.history_ratings = ratings(lines.map { $0[...] })
    let question = PromptBuilder.question(lines, candidate: candidate)
    return ReadyRow(
      prompt: prompts.prompt(input: question), wording: prompts, metadata: metadata)
  }

  private static func alpaca(_ fields: Fields) throws -> ReadyRow {
    let input = try fields.optionalText("input") ?? ""
    let own = PromptBuilder(
      instruction: try fields.optionalText("instruction") ?? "",
      system: try fields.optionalText("system") ?? "")
    var prompt = own.prompt(input: input)
    guard prompt.last?.text.isEmpty == false else {
      throw fields.fault("the row asks nothing: instruction and input are empty; fill one in")
    }
    if let history = fields["history"] {
      guard let pairs = history.array else {
        throw fields.fault("'history' must be a list of pairs, not \(history.kind)")
      }
      let turns = try pairs.enumerated().flatMap { index, pair -> [Turn] in
        let texts = (pair.array ?? []).compactMap(\.string)
        guard texts.count == 2, pair.array?.count == 2 else {
          throw fields.fault("'history[\(index)]' must be a pair of texts: [question, answer]")
        }
        return [.user(texts[0]), .assistant(texts[1])]
      }
      prompt.insert(contentsOf: turns, at: prompt.count - 1)
    }
    var metadata = RowMetadata(label: try fields.answer("output"))
    metadata.user_id = try fields.user()
    // Where the text is divided differs from tool to tool: look for the history in all of it.
    let question = prompt.last?.text ?? ""
    let lines = question.split(separator: "\n", omittingEmptySubsequences: false)
    metadata.history_ratings = ratings(lines.filter { PromptBuilder.rating(in: $0) != nil })
    if let mark = lines.firstIndex(of: "Candidate movie:"), mark + 1 < lines.count {
      metadata.candidate_title = String(lines[mark + 1])
    }
    return ReadyRow(prompt: prompt, wording: input.isEmpty ? nil : own, metadata: metadata)
  }

  /// The stars of a history; nil unless each line has some.
  private static func ratings(_ lines: [Substring]) -> [Float]? {
    let ratings = lines.compactMap(PromptBuilder.rating(in:))
    return ratings.isEmpty || ratings.count < lines.count ? nil : ratings
  }
}

/// An object's values under the names that a file gives them.
private struct Fields {
  let value: JSON, columns: [String: String], place: String

  subscript(key: String) -> JSON? {
    let found = value[columns[key] ?? key]
    return found == .null ? nil : found
  }

  func has(_ key: String) -> Bool { value[columns[key] ?? key] != nil }

  func fault(_ message: String) -> PluginError { PluginError(.data, "\(place): \(message)") }

  func optionalText(_ key: String) throws -> String? {
    guard let value = self[key] else { return nil }
    guard let text = value.string else {
      throw fault("'\(columns[key] ?? key)' must be a text, not \(value.kind)")
    }
    return text
  }

  func text(_ key: String) throws -> String {
    guard let text = try optionalText(key), !text.isEmpty else {
      throw fault("'\(columns[key] ?? key)' is missing or empty; fill it in")
    }
    return text
  }

  /// Refuses a row without the key that the registry names for `key`: its text would be lost.
  func requireNamed(_ key: String) throws {
    guard let name = columns[key], value[name] == nil else { return }
    throw fault("the registry's columns name '\(name)', which the row lacks")
  }

  static let alpaca = ["instruction", "input", "output", "system", "history", "user_id"]
  static let raw = ["history_titles", "candidate_title", "label", "user_id"]
  /// Keys that change what is learnt, here in rows of the other shape or in other tools.
  private static let meaning = [
    "instruction", "system", "history", "messages", "conversations", "tools", "images", "videos",
    "audios", "chosen", "rejected", "reasoning_content", "weight",
  ]

  /// The keys beside those of the row's shape. A slip is refused, and what would change what is
  /// learnt; empty ones say nothing.
  func unread(beside shape: [String]) throws -> [String] {
    let known = shape.map { columns[$0] ?? $0 }
    let unread = try UnreadKeys.of(value, known: known, at: place)
    if let key = unread.first(where: { Self.meaning.contains($0) && says($0) }) {
      throw fault(
        "'\(key)' is not read beside '\(known[0])', though it would change what is learnt; take it "
          + "out of the rows")
    }
    return unread
  }

  private func says(_ key: String) -> Bool {
    switch value[key] {
    case .string(let text): !text.isEmpty
    case .array(let elements): !elements.isEmpty
    default: true
    }
  }

  /// The user's id, a number or a text; nil where there is none.
  func user() throws -> JSON? {
    guard let id = self["user_id"] else { return nil }
    guard id.int != nil || id.string != nil else {
      throw fault("'user_id' must be a text or a whole number of at most 18 digits, not \(id.kind)")
    }
    return id
  }

  /// `Yes` or `No`.
  func answer(_ key: String) throws -> String {
    let text = try text(key)
    guard let answer = AnswerText(text).answer, AnswerText.words(text).count == 1 else {
      throw fault("'\(columns[key] ?? key)' is '\(text.prefix(40))'; it must be Yes or No")
    }
    return PromptBuilder.answers[answer ? 0 : 1]
  }
}
