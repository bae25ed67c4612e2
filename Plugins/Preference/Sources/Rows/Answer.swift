import TaskKit

/// One way in which a prompt goes on.
struct Answer: Sendable, Hashable {
  var turns: [Turn]
  /// What a judge gave it; nil where the row does not say.
  var score: Double?
  /// Who wrote it; nil where the row does not say.
  var model: String?

  /// Refuses an answer that says nothing in the end; `key` is where it stands.
  func check(_ key: String, _ fields: Fields) throws {
    guard let last = turns.last, last.role == "assistant", last.saysSomething,
      !last.text.trimmed.isEmpty || !last.members.isEmpty
    else { throw BadPair(.empty, "'\(key)' is empty, or does not end in an assistant's turn") }
    guard turns[0].role == "assistant" else {
      throw fields.fault("'\(key)' must begin with an assistant's message")
    }
    guard turns.contains(where: { $0.role == "assistant" && $0.isTrained }) else {
      throw fields.fault("no assistant's turn of '\(key)' is trained; leave the row out")
    }
  }
}

extension Double {
  /// The score as people write it: 7, 7.5.
  var scoreText: String { Int(exactly: self).map(String.init) ?? String(self) }
}

extension Fields {
  /// A score under `key`: a number, or a text that is one; nil where the row has none ("N/A").
  func score(_ key: String) throws -> Double? {
    guard let value = self[key] else { return nil }
    let text = value.string.map { String($0.trimmed) }
    if text == "" || text?.uppercased() == "N/A" { return nil }
    guard let score = value.double ?? text.flatMap(Double.init), score.isFinite else {
      throw fault("'\(key)' must be a number, not \(text.map { "'\($0)'" } ?? value.kind)")
    }
    return score
  }
}

/// The scored answers to one prompt, from the first on: the best of them against one below it.
struct ScoredAnswers: Sendable, Hashable {
  private let best: Answer
  /// The answers with a lower score, as they stand in the row.
  private let lower: [Answer]
  /// Answers without a score, which are left out; columns of answers that are not read.
  let unscored: Int, unread: Set<String>

  /// Reads `completions`: objects with `response` and, under `key`, a score.
  init(_ fields: Fields, score key: String) throws {
    var unread: Set<String> = [], unscored = 0, answers: [Answer] = []
    let known = ["response", "model", key]
    let elements = try fields.list("completions", of: "scored answers") ?? []
    for (index, element) in elements.enumerated() {
      let place = "\(fields.place), completions[\(index)]"
      let one = try Fields(element, place: place, what: "a scored answer")
      unread.formUnion(try UnreadKeys.of(element, known: known, at: place))
      guard let passage = try Passage(one, "response") else {
        throw one.fault("'response' is missing; it is the answer's text")
      }
      guard let score = try one.score(key) else {
        unscored += 1
        continue
      }
      let answer = Answer(
        turns: passage.asAnswer, score: score, model: try one.optionalText("model"))
      try answer.check("completions[\(index)].response", fields)
      answers.append(answer)
    }
    (self.unread, self.unscored) = (unread, unscored)
    guard answers.count > 1 else {
      throw BadPair(.alone, "'completions' has \(answers.count) answers with '\(key)', not two")
    }
    let most = answers.map { $0.score ?? 0 }.max() ?? 0
    best = answers.first { $0.score == most } ?? answers[0]
    let below = answers.filter { ($0.score ?? 0) < most }
    guard !below.isEmpty else {
      throw BadPair(.tie, "all answers have the same '\(key)', \(most.scoreText)")
    }
    let best = best
    lower = below.filter { !$0.turns.says(what: best.turns) }
    guard !lower.isEmpty else {
      throw BadPair(.identical, "the best answer and those with a lower score say the same")
    }
  }

  /// The best answer, the first of equals.
  var chosen: Answer { best }

  /// The worst answer, the first of equals, or any one with a lower score than the best.
  func rejected(
    _ choice: RejectedAnswer, using random: inout some RandomNumberGenerator
  ) -> Answer {
    switch choice {
    case .worst: lower.min { ($0.score ?? 0) < ($1.score ?? 0) } ?? lower[0]
    case .random: lower[Int.random(in: lower.indices, using: &random)]
    }
  }
}
