import Models
public import Tasks
import Tensors

extension CausalLanguageModel {
  /// The score of each text, by a reward model. All texts run as one packed pass over what they do not
  /// share: a prompt that several begin with is computed once.
  public func scores(of texts: [Sample]) throws(GenerationError) -> [Double] {
    guard givesScores else {
      throw GenerationError(
        .configuration,
        "the model is a language model without the head of a score; train one with objective.type: "
          + "reward_model")
    }
    let lengths = texts.map { scoredLength($0.ids) }
    for (text, length) in zip(texts, lengths) {
      try checkTokens(text.ids, name: text.source)
      guard !text.ids.isEmpty, length <= config.contextLength else {
        throw GenerationError(
          .prompt,
          "\(text.source) has \(length) tokens, but the model's context is \(config.contextLength); "
            + "leave the row out")
      }
    }
    guard !texts.isEmpty else { return [] }
    let packing = TextPacking(
      zip(texts, lengths).map { text, length in
        TextPacking.Text(
          text.ids, text.media, reading: length, rotaryClass: rotaryClass(text.ids.count))
      })
    return scores(packing.layout, packing.rows.compactMap(\.last))
  }

  /// The scores of the states at the rows `ends` of a layout.
  private func scores(_ layout: PrefixTree.Layout, _ ends: [Int]) -> [Double] {
    let needed = Set(ends).sorted()
    let place = Dictionary(uniqueKeysWithValues: zip(needed, needed.indices))
    return Recording.off {
      let hidden = hidden(
        layout.ids, Segments(lengths: layout.lengths), rows: needed, media: media(layout.media),
        shared: layout.shared, classes: layout.classes)
      return scores(selectRows(hidden, ends.compactMap { place[$0] })).values.map { Double($0) }
    }
  }

  /// Refuses to make words of a model that gives scores.
  func checkWrites() throws(GenerationError) {
    guard givesScores else { return }
    throw GenerationError(
      .prompt,
      "the model is a reward model, which gives scores of texts and writes none; name the language "
        + "model")
  }
}
