import Text

/// How the assistant's turns of a conversation become samples.
public enum AssistantTurns: String, Sendable, CaseIterable {
  /// One sample a row: the whole conversation, as the template writes it.
  case asRendered = "as_rendered"
  /// A sample for each trained turn, in the context in which it would be generated.
  case each
}

extension ConversationEncoder {
  /// The samples of a row that is learnt as it is.
  func texts(
    _ example: Example, turns: AssistantTurns, label: String
  ) throws(TaskError) -> [(turn: Int?, sample: Sample)] {
    let trained = example.trainedTurns
    guard turns == .each, !trained.isEmpty else {
      return [(nil, try sample(example, label: label))]
    }
    var samples: [(turn: Int?, sample: Sample)] = []
    for turn in trained {
      samples.append((turn, try sample(example, turn: turn, label: label)))
    }
    return samples
  }

  /// The conversation up to turn `turn`, which alone is trained, as the model would come to write it:
  /// what the template would cut out of the turn is kept. nil stands for the whole conversation.
  public func sample(_ example: Example, turn: Int?, label: String) throws(TaskError) -> Sample {
    guard let turn else { return try sample(example, label: label) }
    let label = Self.label(label, turn: turn)
    guard example.trainedTurns.contains(turn) else {
      throw TaskError(.data, "\(label): the row has no trained turn there, unlike before")
    }
    var part = example.with(turns: example.turns[...turn])
    for index in part.turns.indices.dropLast() { part.turns[index].isTrained = false }
    let plain = try sample(part, label: label)
    guard plain.omission.turns > 0, part.places.isEmpty,
      let whole = try restored(part, label: label)
    else { return plain }
    let tokens = tokenizer.encodeWithRanges(whole.text)
    var restored = try sample(tokens, [whole.trained], of: part, label: label)
    let text = Written(Array(whole.text.utf8))
    restored.omission.add(turnLacking: missing(of: example.turns[turn], in: text))
    return try expanded(restored, clips(part.turns, part.tensors, label: label))
  }

  /// What a model should answer to a row. Calls and reasoning have no text of their own, so it is what
  /// the template writes of the assistant's turn after the prompt, special tokens aside; of a turn
  /// without them the text as the row says it. nil where there is no such turn, or where it is not
  /// wanted.
  public func reference(_ example: Example, label: String) throws(TaskError) -> String? {
    guard example.label != false, let answer = example.answer.first, !answer.members.isEmpty else {
      return example.reference
    }
    let place = example.prompt.count
    var asked = example.isPair ? example.text(of: .chosen) : example
    asked.turns[place].isTrained = true
    let sample = try sample(asked, turn: place, label: label)
    let written = zip(sample.ids, sample.isTrained).filter(\.1).map(\.0)
    return tokenizer.decode(written, skipSpecialTokens: true)
  }

  /// What errors call a turn of the row `label`; nil stands for the whole conversation.
  public static func label(_ label: String, turn: Int?) -> String {
    turn.map { "\(label), turn \($0)" } ?? label
  }

  /// The text of a conversation whose last turn stands there in full, and the bytes of it that are
  /// trained: what the prompt already says is not. nil where what the template wrote of the turn is
  /// not the end of its text, so that nobody knows what belongs around it.
  private func restored(_ example: Example, label: String) throws(TaskError)
    -> (text: String, trained: Range<Int>)?
  {
    let chat = try render(example, label: label)
    guard let turn = example.turns.last, let span = chat.spans.last,
      span.messageIndex == example.turns.count - 1, span.trained.count == 1
    else { return nil }
    let bytes = Array(chat.text.utf8), trained = span.trained[0]
    let head = Array(bytes[..<trained.lowerBound])
    let prompt = Array(try question(example, label: label).utf8)
    let opening = prompt.starts(with: head) ? Array(prompt[head.count...]) : []
    let whole = Array(fullText(of: turn, opening: opening).utf8)
    let written = Written(bytes[trained])
    // The template may trim the end, which is no reason to lose the rest.
    let trimmed = Array(whole.prefix(1 + (whole.lastIndex { !$0.isSpace } ?? -1)))
    for wanted in [whole, trimmed] {
      let end = written.longestEnd(of: wanted)
      guard let place = end.place, !wanted.suffix(end.count).allSatisfy(\.isSpace) else { continue }
      let text = head + wanted + written.output[(place + end.count)...]
      let start = text.starts(with: prompt) ? prompt.count : head.count
      return (String(decoding: text, as: UTF8.self), start..<text.count)
    }
    return nil
  }

  /// The turn's text with its reasoning before it, where the prompt opens a block for that.
  private func fullText(of turn: Turn, opening: [UInt8]) -> String {
    let opens = String(decoding: opening, as: UTF8.self)
    guard let reasoning = turn.reasoning, let tag = opens.firstRange(of: "<think>") else {
      return turn.text
    }
    let gap = opens[tag.upperBound...]
    return "\(opens[..<tag.upperBound])\(gap)\(reasoning)\n</think>\n\n\(turn.text)"
  }
}

extension UInt8 {
  fileprivate var isSpace: Bool { self == 0x20 || (0x09...0x0D).contains(self) }
}
