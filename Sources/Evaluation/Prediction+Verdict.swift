import Tasks

extension Prediction {
  /// What the model answered, as one text: the likeliest choices where choices were weighed, else
  /// what it wrote, without the thinking (`<think>…</think>`, or all of it where the model was cut
  /// off while thinking). White space at the ends does not count. What begins with one of the row's
  /// choices as a word of its own, in any letter case, is that choice: `Yes, since …`. Of a pair it is
  /// the answer that the model finds likelier.
  public var answer: String {
    if let prefersChosen {
      return Self.text(of: prefersChosen ? example.chosen : example.rejected)
    }
    guard choiceLogLikelihoods.isEmpty || example.choices.isEmpty else {
      return likeliest.map(trimmed).joined(separator: ", ")
    }
    let written = trimmed(withoutThinking(text))
    let begun = example.choices.map(trimmed).filter { begins(written, with: $0) }
    return begun.max { $0.count < $1.count } ?? written
  }

  /// What the answer should have been, in the same form; nil for a row without a reference.
  public var expectedAnswer: String? {
    if prefersChosen != nil { return Self.text(of: example.chosen) }
    guard let reference else { return nil }
    guard !choiceLogLikelihoods.isEmpty, !example.places.isEmpty else {
      return trimmed(withoutThinking(reference))
    }
    return example.places.map { trimmed($0.text) }.joined(separator: ", ")
  }

  /// Whether the answer is right: the likeliest choice, or at every place of one, is the reference's;
  /// a written answer is the reference exactly; of a pair the chosen answer is the likelier one. nil
  /// for a row without a reference.
  public var isCorrect: Bool? { prefersChosen ?? expectedAnswer.map { $0 == answer } }

  /// Whether the model finds the chosen answer of a pair likelier, or better; nil where it was not
  /// asked.
  private var prefersChosen: Bool? {
    let numbers = scores.isEmpty ? choiceLogLikelihoods : scores
    guard example.isPair, numbers.count >= 2 else { return nil }
    return numbers[0] > numbers[1]
  }

  /// What an answer of a pair says, as one text.
  private static func text(of turns: [Turn]) -> String {
    trimmed(withoutThinking(turns.map(\.text).joined(separator: "\n")))
  }

  /// The likeliest choice at each place, the first of equals.
  private var likeliest: [String] {
    let options = example.choices.count
    return stride(from: 0, to: choiceLogLikelihoods.count, by: max(options, 1)).map { first in
      let scores = choiceLogLikelihoods[first...].prefix(options)
      let best = scores.indices.reduce(first) { scores[$1] > scores[$0] ? $1 : $0 }
      return example.choices[best - first]
    }
  }
}

/// Whether `text` begins with `word`, in any letter case, and the word ends there.
private func begins(_ text: String, with word: String) -> Bool {
  guard !word.isEmpty, text.lowercased().hasPrefix(word.lowercased()) else { return false }
  return text.dropFirst(word.count).first.map { !$0.isLetter && !$0.isNumber } ?? true
}

/// The text without `<think>…</think>`, and without what precedes a closing tag whose opening one
/// stood in the prompt.
func withoutThinking(_ text: String) -> String {
  var rest = text[...], kept = ""
  while let open = rest.firstRange(of: "<think>") {
    kept += rest[..<open.lowerBound]
    guard let close = rest[open.upperBound...].firstRange(of: "</think>") else { return kept }
    rest = rest[close.upperBound...]
  }
  kept += rest
  guard let stray = kept.ranges(of: "</think>").last else { return kept }
  return String(kept[stray.upperBound...])
}

/// The text without white space at its ends.
func trimmed(_ text: String) -> String {
  let start = text.drop(while: \.isWhitespace)
  return start.lastIndex { !$0.isWhitespace }.map { String(start[...$0]) } ?? ""
}
