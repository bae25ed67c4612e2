import Formats
import Layers
import Tensors

extension CausalLanguageModel {
  /// Whether this is a reward model: it gives scores of texts, and no text.
  public var givesScores: Bool { config.head == .score }

  /// How many of a text's tokens are read for its score: up to the last one that is not the padding
  /// token, whose state the head reads, as transformers finds it.
  public func scoredLength(_ ids: [Int32]) -> Int {
    guard let pad = config.padToken.map({ Int32($0) }) else { return ids.count }
    return 1 + (ids.lastIndex { $0 != pad } ?? 0)
  }

  /// The score of each row of states, a column.
  public func scores(_ states: Tensor) -> Tensor {
    precondition(givesScores, "scores: the model has a language model's head")
    return throughHead { $0(states) }
  }
}
