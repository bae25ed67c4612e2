import TaskKit

/// Makes the assistant's turn: scores as choices between tags, a thought before them.
struct AnswerBuilder: Sendable {
  let annotators: Annotators
  /// Whether the record's own thought precedes the score; without it the judge answers at once.
  let writesThought: Bool

  /// Refuses a record that cannot be taught as its kind wants.
  func check(_ record: Record, isTraining: Bool) throws {
    if writesThought, let thought = record.kind.thought, record.text(of: thought) == nil {
      let key = thought == .caption ? "audio_caption" : "emotion_caption"
      throw PluginError(
        .data,
        "\(record.place): 'audio_info.\(key)' is missing; the kind '\(record.kind.rawValue)' "
          + "writes it before the score")
    }
    if isTraining, let question = record.question, question.correct == nil {
      throw PluginError(
        .data, "\(record.place): 'answer' is missing, so nothing could be learnt of the record")
    }
  }

  /// `<answer>`, the score of one dimension, `</answer>`.
  func answer(
    _ record: Record, _ dimension: Dimension, using random: inout some RandomNumberGenerator
  ) -> Turn {
    let ratings = (record.ratings[dimension.key] ?? []).compactMap(\.self)
    let weights = annotators.weights(ratings, of: dimension, using: &random)
    return turn(thought(record) + "<answer>", .choice(weights: weights), "</answer>")
  }

  /// The scores of all `dimensions`, each behind its tag, with their order.
  ///
  /// A consistent kind draws one annotator for all of them, among those who rated the most; what
  /// this one did not rate is left out of the answer.
  func answer(
    _ record: Record, all dimensions: [Dimension], using random: inout some RandomNumberGenerator
  ) -> (turn: Turn, order: [Dimension]) {
    var ratings = dimensions.map { (record.ratings[$0.key] ?? []) }
    var order = Array(dimensions.indices)
    if annotators == .draw, record.kind.isConsistent {
      let annotator = Self.annotator(ratings, using: &random)
      ratings = ratings.map { $0.indices.contains(annotator) ? [$0[annotator]] : [] }
      order = order.filter { ratings[$0].contains { $0 != nil } }
    }
    if record.kind.hasFreeOrder { order.shuffle(using: &random) }
    var parts: [Part] = []
    for (place, index) in order.enumerated() {
      let opening = place == 0 ? thought(record) + "<answer>" : ""
      parts.append(.text(opening + "[\(dimensions[index].tag)]"))
      let given = ratings[index].compactMap(\.self)
      parts.append(
        .choice(weights: annotators.weights(given, of: dimensions[index], using: &random)))
    }
    parts.append("</answer>")
    return (Turn(role: "assistant", parts: parts), order.map { dimensions[$0] })
  }

  /// `<answer>`, the right choice, `</answer>`; where none is known, each is as likely.
  func answer(_ question: Record.Question) -> Turn {
    let count = question.choices.count
    let weights = question.choices.indices.map { index in
      question.correct.map { $0 == index ? 1 : 0 } ?? 1 / Float(count)
    }
    return turn("<answer>", .choice(weights: weights), "</answer>")
  }

  private func thought(_ record: Record) -> String {
    guard writesThought, let thought = record.kind.thought, let text = record.text(of: thought)
    else { return "" }
    return "<think>\(text)</think>"
  }

  private func turn(_ opening: String, _ choice: Part, _ closing: String) -> Turn {
    Turn(role: "assistant", parts: [.text(opening), choice, .text(closing)])
  }

  /// One of those with the most ratings.
  private static func annotator(
    _ ratings: [[Double?]], using random: inout some RandomNumberGenerator
  ) -> Int {
    let counts = (0..<(ratings.map(\.count).max() ?? 0)).map { annotator in
      ratings.count { $0.indices.contains(annotator) && $0[annotator] != nil }
    }
    let most = counts.max() ?? 0
    return counts.indices.filter { counts[$0] == most }.randomElement(using: &random)!
  }
}
