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
      guard !text.ids.isEmpty, length <= contextLength else {
        throw GenerationError(
          .prompt,
          "\(text.source) has \(length) tokens, but the model's context is \(contextText); "
            + "leave the row out")
      }
    }
    guard !texts.isEmpty else { return [] }
    let packing = TextPacking(
      zip(texts, lengths).map { text, length in
        TextPacking.Text(
          text.ids, text.media, reading: length, rotaryClass: rotaryClass(text.ids.count))
      })
    let ends = packing.rows.compactMap(\.last)
    return Recording.off {
      scores(states(packing.layout, at: ends)).values.map { Double($0) }
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
