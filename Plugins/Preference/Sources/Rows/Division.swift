import TaskKit

/// A pair, divided into its prompt and the two ways in which it goes on.
struct Division {
  var prompt: [Turn], chosen: [Turn], rejected: [Turn]

  private init(_ prompt: [Turn], _ chosen: some Sequence<Turn>, _ rejected: some Sequence<Turn>) {
    (self.prompt, self.chosen, self.rejected) = (prompt, Array(chosen), Array(rejected))
  }

  /// Divides a row with a prompt of its own, which the answers may repeat.
  init(prompt: [Turn], chosen: Passage, rejected: Passage) throws(BadPair) {
    if case .turns(let one) = chosen, case .turns(let other) = rejected,
      let first = one.first, let second = other.first, first.role != "assistant",
      second.role != "assistant"
    {
      try self.init(one, other)
      guard self.prompt.hold(prompt) else {
        throw BadPair(.otherPrompts, "the answers repeat another prompt than 'prompt'")
      }
      return
    }
    self.init(
      prompt, try Self.rest(of: chosen, after: prompt, "chosen"),
      try Self.rest(of: rejected, after: prompt, "rejected"))
  }

  private static func rest(
    of passage: Passage, after prompt: [Turn], _ key: String
  ) throws(BadPair) -> [Turn] {
    let turns = passage.asAnswer
    guard let first = turns.first, first.role != "assistant" else { return turns }
    guard turns.begin(with: prompt) else {
      throw BadPair(.otherPrompts, "'\(key)' repeats another prompt than 'prompt'")
    }
    return Array(turns.dropFirst(prompt.count))
  }

  /// Divides two conversations: the prompt is what they begin with alike, and the assistant goes
  /// on.
  init(_ chosen: [Turn], _ rejected: [Turn]) throws(BadPair) {
    for (key, turns) in [("chosen", chosen), ("rejected", rejected)] {
      guard turns.contains(where: { $0.role == "assistant" }) else {
        throw BadPair(.empty, "'\(key)' has no answer")
      }
    }
    let shorter = min(chosen.count, rejected.count)
    var place = (0..<shorter).first { !chosen[$0].says(what: rejected[$0]) }
    // One conversation goes on where the other ends: the last turn that both answer with.
    place = place ?? (0..<shorter).last { chosen[$0].role == "assistant" }
    guard let place, place > 0, chosen[place].role == "assistant",
      rejected[place].role == "assistant"
    else {
      throw BadPair(
        .otherPrompts,
        "the two conversations differ before the assistant's answer, which is no pair")
    }
    self.init(Array(chosen[..<place]).untrained, chosen[place...], rejected[place...])
  }

  /// Divides two texts: the prompt is the longest common beginning of whole words, without the
  /// white space at its end, after which both go on.
  init(_ chosen: String, _ rejected: String) throws(BadPair) {
    let (one, other) = (Array(chosen), Array(rejected))
    let shorter = min(one.count, other.count)
    let common = (0..<shorter).first { one[$0] != other[$0] } ?? shorter
    func isBorder(_ place: Int) -> Bool {
      guard place < one.count, place < other.count else { return false }
      return !one[place - 1].isInWord || !(one[place].isInWord || other[place].isInWord)
    }
    func goesOn(_ text: [Character], from place: Int) -> Bool {
      text[place...].contains { !$0.isWhitespace }
    }
    let border = stride(from: common, to: 0, by: -1).first {
      isBorder($0) && goesOn(one, from: $0) && goesOn(other, from: $0)
    }
    let prompt = border.map { String(String(one[..<$0]).trimmed) } ?? ""
    guard let border, !prompt.isEmpty else {
      for (key, text) in [("chosen", chosen), ("rejected", rejected)] where text.trimmed.isEmpty {
        throw BadPair(.empty, "'\(key)' is empty")
      }
      throw BadPair(
        .otherPrompts, "the two texts have no common beginning that could be their prompt")
    }
    func answer(_ text: [Character]) -> [Turn] {
      [.assistant(String(String(text[border...]).trimmed))]
    }
    self.init([.user(prompt)], answer(one), answer(other))
  }
}

extension Character {
  /// Whether the character is a part of a longer word; each of a script without spaces is a word.
  fileprivate var isInWord: Bool { (isLetter || isNumber) && !Words.standsAlone(self) }
}
