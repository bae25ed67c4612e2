import TaskKit

/// What stands under `prompt`, `chosen` and the like: a text, or turns.
enum Passage {
  case text(String)
  case turns([Turn])

  /// The value of `key`: a text, which may be a transcript, a message or a list of messages; nil
  /// where there is none.
  init?(_ fields: Fields, _ key: String) throws {
    switch fields[key] {
    case nil: return nil
    case .string(let text):
      self = Transcript(text).map { .turns($0.turns) } ?? .text(text)
    case .array: self = .turns(try fields.turns(key))
    case .object(let message):
      self = .turns([try Message(.object(message), place: "\(fields.place), \(key)").turn])
    case let other?:
      throw fields.fault("'\(key)' must be a text or a list of messages, not \(other.kind)")
    }
  }

  /// What is asked: a text is the user's. Turns of a prompt are not trained, and an assistant's
  /// that says nothing yet, a transcript's last one, is none.
  var asPrompt: [Turn] {
    switch self {
    case .text(let text): return [.user(text)]
    case .turns(var turns):
      if let last = turns.last, last.role == "assistant", !last.saysSomething { turns.removeLast() }
      return turns.untrained
    }
  }

  /// The turns that are not a prompt's: a text is the assistant's.
  var asAnswer: [Turn] {
    switch self {
    case .text(let text): [.assistant(text)]
    case .turns(let turns): turns
    }
  }
}

extension [Turn] {
  /// The same turns, none of them learnt.
  var untrained: [Turn] {
    map { turn in
      var turn = turn
      if turn.role == "assistant" { turn.isTrained = false }
      return turn
    }
  }

  /// Whether these turns begin with `prompt`.
  func begin(with prompt: [Turn]) -> Bool {
    count >= prompt.count && zip(self, prompt).allSatisfy { $0.says(what: $1) }
  }

  /// Whether `prompt` stands among these turns, one turn behind the other.
  func hold(_ prompt: [Turn]) -> Bool {
    count >= prompt.count
      && (0...(count - prompt.count)).contains { Array(self[$0...]).begin(with: prompt) }
  }

  /// Whether both say the same, white space at the ends of texts aside.
  func says(what other: [Turn]) -> Bool { count == other.count && begin(with: other) }

  /// All texts, for their lengths and as a prompt's name.
  var text: String { map(\.text).joined(separator: "\n\n") }
}

extension Turn {
  /// Whether both say the same, white space at the ends of the text aside.
  func says(what other: Turn) -> Bool {
    role == other.role && members == other.members && text.trimmed == other.text.trimmed
  }
}
