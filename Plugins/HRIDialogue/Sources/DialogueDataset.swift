import TaskKit

/// The one place where a prompt is made; training, evaluation and inference all ask with it.
enum Prompt {
  /// The system message of a domain.
  static func system(domain: String) -> String {
    "You are a robot that takes care of \(domain) requests. "
      + "Answer each \(domain) request in a few clear words."
  }

  /// The conversation of `exchanges`, the answers included.
  static func turns(domain: String, _ exchanges: some Sequence<Exchange>) -> [Turn] {
    [.system(system(domain: domain))]
      + exchanges.flatMap { [.user($0.user), .assistant($0.answer)] }
  }
}

/// Turns of dialogues as conversations.
///
/// Without `history` each turn is a row of its own. With it a held-out row is a turn with all that
/// was said before, and a training row is a whole dialogue, so that no answer is trained twice.
struct DialogueDataset: Dataset {
  static let name = "hri_dialogue.turns"
  static let summary = "Turns of robot dialogues from MultiWOZ-style JSON files."

  private struct Row {
    var dialogue: Int, exchanges: Range<Int>
  }
  private let dialogues: [Dialogue]
  private let rows: [Row]
  private(set) var sources: [String] = []
  let variesByEpoch = false

  init?(config: DialogueConfig, split: Split, host: HostServices) throws {
    let corpus = try Corpus(config)
    if split == .test, corpus.test.isEmpty { return nil }
    if split == .validation, corpus.validation.isEmpty { return nil }
    self.init(corpus[split], history: config.history ?? false, isTraining: split == .train)
    sources = corpus.sources
    if split != .train {
      let same = Duplicates(of: corpus[split], in: corpus.train)
      if same.users > 0 {
        host.log(
          .warning,
          "\(split.rawValue): \(same.users) of \(same.rows) turns ask what a training turn asks, "
            + "\(same.pairs) of them with the same answer")
      }
    }
  }

  init(_ dialogues: [Dialogue], history: Bool, isTraining: Bool) {
    self.dialogues = dialogues
    rows = dialogues.enumerated().flatMap { index, dialogue in
      let count = dialogue.exchanges.count
      if history, isTraining { return [Row(dialogue: index, exchanges: 0..<count)] }
      return (0..<count).map {
        Row(dialogue: index, exchanges: (history ? 0 : $0)..<($0 + 1))
      }
    }
  }

  var count: Int { rows.count }

  var notes: [String] { UnreadKeys.notes(dialogues.lazy.map { Array($0.unread) }) }

  func example(at index: Int, epoch: Int, seed: UInt64) throws -> Example {
    let row = rows[index], dialogue = dialogues[row.dialogue]
    let last = dialogue.exchanges[row.exchanges.upperBound - 1]
    return Example(
      turns: Prompt.turns(domain: dialogue.domain, dialogue.exchanges[row.exchanges]),
      metadata: RowMetadata(dialogue, turn: row.exchanges.upperBound, last).json)
  }
}

/// What the evaluator must know of a row.
struct RowMetadata: Sendable, Decodable {
  var domain: String, dialogue: String
  /// From 1.
  var turn: Int
  var user: String
  var required: [String: String], optional: [String: String]

  init(_ dialogue: Dialogue, turn: Int, _ exchange: Exchange) {
    domain = dialogue.domain
    self.dialogue = dialogue.id
    self.turn = turn
    user = exchange.user
    required = exchange.slots.required
    optional = exchange.slots.optional
  }

  var slots: Slots { Slots(required: required, optional: optional) }

  var json: JSON {
    [
      "domain": .string(domain), "dialogue": .string(dialogue), "turn": .int(turn),
      "user": .string(user), "required": .object(required.mapValues(JSON.string)),
      "optional": .object(optional.mapValues(JSON.string)),
    ]
  }
}
