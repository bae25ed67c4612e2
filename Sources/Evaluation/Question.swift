public import Ranks
public import Tasks

/// What a model is asked in an evaluation: a row of the dataset.
public struct Question: Sendable {
  /// The row's index in its dataset.
  public let index: Int
  /// The row; the model is to see `example.prompt` alone.
  public let example: Example
}

/// What a model says to a question.
public struct Answer: Sendable, Hashable {
  /// The generated text; empty where choices were scored instead.
  public var text: String
  /// One log-likelihood for each of the row's choices; of a pair those of the chosen and the rejected
  /// answer, of a row with a label its answer's, then the same under the reference model where there
  /// is one. Empty where none were scored.
  public var choiceLogLikelihoods: [Double]
  /// How many tokens the model wrote, the one that ended the text included; nil: it wrote none.
  public var tokens: Int?
  /// Whether the text was cut off at the limit of tokens.
  public var isTruncated = false
  /// What a reward model scores the answers that the row holds, in their place.
  public var scores: [Double]

  /// Creates an answer.
  public init(text: String, choiceLogLikelihoods: [Double] = [], scores: [Double] = []) {
    self.text = text
    self.choiceLogLikelihoods = choiceLogLikelihoods
    self.scores = scores
  }
}

/// What a model says of the answers that rows hold.
public enum Weighing: Sendable, Hashable {
  /// How likely it finds them; with a reference, how likely that does, too.
  case logLikelihoods(withReference: Bool)
  /// A score of each, by a reward model.
  case scores
}

extension Answer: Parcel {
  /// For other ranks.
  public func pack(into bytes: inout ParcelWriter) {
    bytes.add(text)
    bytes.add(choiceLogLikelihoods)
    bytes.add(tokens)
    bytes.add(isTruncated)
    bytes.add(scores)
  }

  /// From another rank.
  public init(from bytes: inout ParcelReader) {
    self.init(text: bytes.take(), choiceLogLikelihoods: bytes.take())
    tokens = bytes.take()
    isTruncated = bytes.take()
    scores = bytes.take()
  }
}
