/// Answers that need no model.
struct NearestAnswer: Sendable {
  private var known: [String: [(words: Set<String>, answer: String)]] = [:]

  init(_ train: [Dialogue]) {
    for dialogue in train {
      known[dialogue.domain, default: []] += dialogue.exchanges.map {
        (AnswerMetrics.words($0.user), $0.answer)
      }
    }
  }

  /// The answer to the training turn of the same domain whose user text has the largest Jaccard
  /// index with `user`; the first of equals; empty if the domain has no training turn.
  func callAsFunction(_ user: String, domain: String) -> String {
    let words = AnswerMetrics.words(user)
    var best: (index: Double, answer: String) = (-1, "")
    for (other, answer) in known[domain] ?? [] {
      let index = AnswerMetrics.jaccard(words, other)
      if index > best.index { best = (index, answer) }
    }
    return best.answer
  }
}
