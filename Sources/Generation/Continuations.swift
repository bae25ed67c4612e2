import Models
import Tasks
import Tensors

/// A text whose last tokens are to be weighed after those before them.
public struct Continuation: Sendable, Hashable {
  /// The text, and where what is weighed begins; at least one token stands before.
  public var ids: [Int32], start: Int

  /// Creates a text.
  public init(ids: [Int32], start: Int) {
    self.ids = ids
    self.start = start
  }
}

/// How likely a continuation is.
public struct ContinuationWeight: Sendable, Hashable {
  /// Σ log p(token | what comes before) over its tokens, natural logarithm.
  public var logLikelihood: Double
  /// Whether each of its tokens is the likeliest of all at its place.
  public var isLikeliest: Bool

  /// Creates a weight.
  public init(logLikelihood: Double, isLikeliest: Bool) {
    self.logLikelihood = logLikelihood
    self.isLikeliest = isLikeliest
  }
}

extension CausalLanguageModel {
  /// Weighs continuations, each after its own text. All run as one packed pass over what they do not
  /// share: a context that several begin with, shots above all, is computed once. All begin with the
  /// tokens of a `stem`, which are not computed at all.
  public func weigh(
    _ texts: [Continuation], behind stem: Stem? = nil
  ) throws(GenerationError) -> [ContinuationWeight] {
    try checkWrites()
    let before = stem?.ids.count ?? 0
    for (index, text) in texts.enumerated() {
      let name = "text \(index)"
      try checkTokens(text.ids, name: name)
      precondition(
        text.start > before && text.start <= text.ids.count,
        "weigh: \(text.start) of \(text.ids.count) tokens, behind \(before)")
      // The last token is only predicted, never read.
      guard text.ids.count - 1 <= contextLength else {
        throw GenerationError(
          .prompt,
          "\(name) has \(text.ids.count) tokens, but the model's context is \(contextText); shorten it"
        )
      }
    }
    let packing = TextPacking(
      texts.map {
        .init(
          Array($0.ids[before...]), [], reading: $0.ids.count - 1 - before,
          rotaryClass: rotaryClass($0.ids.count - 1))
      })
    let rows = zip(texts, packing.rows).flatMap { text, rows in
      (text.start..<text.ids.count).map { rows[$0 - 1 - before] }
    }
    guard !rows.isEmpty else {
      return texts.map { _ in ContinuationWeight(logLikelihood: 0, isLikeliest: true) }
    }
    let targets = texts.flatMap { $0.ids[$0.start...] }
    let found = logProbabilities(packing.layout, rows, targets, behind: stem)
    var place = 0
    return texts.map { text in
      let range = place..<place + text.ids.count - text.start
      place = range.upperBound
      return ContinuationWeight(
        logLikelihood: found.values[range].reduce(0) { $0 + Double($1) },
        isLikeliest: found.hits[range].allSatisfy { $0 })
    }
  }
}
