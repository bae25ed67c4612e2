import Models
public import Tasks
import Tensors

extension CausalLanguageModel {
  /// Σ log p(token | what comes before) over each text's trained tokens, natural logarithm. All texts
  /// run as one packed pass over what they do not share: the prompt of a pair is computed once.
  public func logLikelihoods(of texts: [Sample]) throws(GenerationError) -> [Double] {
    for text in texts {
      try checkTokens(text.ids, name: text.source)
      guard text.targets.last ?? 0 <= config.contextLength else {
        throw GenerationError(
          .prompt,
          "\(text.source) has \(text.ids.count) tokens, but the model's context is "
            + "\(config.contextLength); leave the row out")
      }
    }
    let packing = TextPacking(texts, rotaryClass: rotaryClass)
    guard !packing.targets.isEmpty else { return texts.map { _ in 0 } }
    var rest = logProbabilities(packing.layout, packing.rows, packing.targets)[...]
    return texts.map { text in
      let count = text.targets.count
      defer { rest = rest.dropFirst(count) }
      return rest.prefix(count).reduce(0) { $0 + Double($1) }
    }
  }

  /// The natural logarithm of each target's probability after the row of a layout beside it.
  func logProbabilities(
    _ layout: PrefixTree.Layout, _ rows: [Int], _ targets: [Int32]
  ) -> [Float] {
    let needed = Set(rows).sorted()
    let place = Dictionary(uniqueKeysWithValues: zip(needed, needed.indices))
    return Recording.off {
      let hidden = hidden(
        layout.ids, Segments(lengths: layout.lengths), rows: needed, media: media(layout.media),
        shared: layout.shared, classes: layout.classes)
      return Tensors.logProbabilities(
        selectRows(hidden, rows.compactMap { place[$0] }), head.weight, targets: targets
      ).values
    }
  }
}

/// Texts laid out as one packed batch, in which what they share is read once.
struct TextPacking {
  let layout: PrefixTree.Layout
  /// For each trained token of each text in order: the hidden state that predicts it, and its id.
  private(set) var rows: [Int] = [], targets: [Int32] = []

  init(_ texts: [Sample], rotaryClass: (_ length: Int) -> Int = { _ in 0 }) {
    var tree = PrefixTree()
    // Nothing is predicted from the last trained token and what follows it. Of which rotary class a
    // text is, its whole length says, as in training.
    let classes = texts.map { rotaryClass($0.ids.count) }
    let read = texts.map { text -> [PrefixTree.Key] in
      let part = text.prefix(text.targets.last ?? 0)
      return tree.keys(part.ids, part.media)
    }
    for (keys, rotaryClass) in zip(read, classes) where !keys.isEmpty {
      tree.insert(keys, rotaryClass: rotaryClass)
    }
    layout = tree.layout()
    for (index, text) in texts.enumerated() {
      let places = tree.rows(of: read[index], rotaryClass: classes[index], in: layout)
      rows += text.targets.map { places[$0 - 1] }
      targets += text.targets.map { text.ids[$0] }
    }
  }
}

extension Sample {
  /// The places of the trained tokens.
  fileprivate var targets: [Int] { isTrained.indices.filter { isTrained[$0] } }
}
