import Models
public import Tasks
import Tensors

extension CausalLanguageModel {
  /// Σ log p(token | what comes before) over each text's trained tokens, natural logarithm. All texts
  /// run as one packed pass over what they do not share: the prompt of a pair is computed once.
  public func logLikelihoods(of texts: [Sample]) throws(GenerationError) -> [Double] {
    try checkWrites()
    for text in texts {
      try checkTokens(text.ids, name: text.source)
      guard text.targets.last ?? 0 <= contextLength else {
        throw GenerationError(
          .prompt,
          "\(text.source) has \(text.ids.count) tokens, but the model's context is "
            + "\(contextText); leave the row out")
      }
    }
    // Nothing is predicted from the last trained token and what follows it. Of which rotary class a
    // text is, its whole length says, as in training.
    let packing = TextPacking(
      texts.map {
        .init(
          $0.ids, $0.media, reading: $0.targets.last ?? 0, rotaryClass: rotaryClass($0.ids.count))
      })
    let rows = zip(texts, packing.rows).flatMap { text, rows in text.targets.map { rows[$0 - 1] } }
    guard !rows.isEmpty else { return texts.map { _ in 0 } }
    let targets = texts.flatMap { text in text.targets.map { text.ids[$0] } }
    var rest = logProbabilities(packing.layout, rows, targets).values[...]
    return texts.map { text in
      let count = text.targets.count
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count).reduce(0) { $0 + Double($1) }
    }
  }

  /// The natural logarithm of each target's probability after the row of a layout beside it.
  func logProbabilities(
    _ layout: PrefixTree.Layout, _ rows: [Int], _ targets: [Int32], behind stem: Stem? = nil
  ) -> LogProbabilities {
    Recording.off {
      let states = states(layout, at: rows, behind: stem)
      return throughHead {
        Tensors.logProbabilities(states, $0.effectiveWeight, targets: targets)
      }
    }
  }

  /// The states at `rows` of a layout, each computed once however often it is named.
  func states(
    _ layout: PrefixTree.Layout, at rows: [Int], behind stem: Stem? = nil
  ) -> Tensor {
    let needed = Set(rows).sorted()
    let place = Dictionary(uniqueKeysWithValues: zip(needed, needed.indices))
    let hidden = hidden(
      layout.ids, Segments(lengths: layout.lengths), rows: needed, media: media(layout.media),
      shared: layout.shared, classes: layout.classes, behind: stem)
    return selectRows(hidden, rows.compactMap { place[$0] })
  }
}

extension Sample {
  /// The places of the trained tokens.
  fileprivate var targets: [Int] { isTrained.indices.filter { isTrained[$0] } }
}
