import JSON

/// What a turn is made of.
public enum Part: Sendable, Hashable {
  /// Literal text.
  case text(String)
  /// A clip or picture: the name of one of the example's tensors.
  case media(kind: String, tensor: String)
}

/// One message of a conversation.
public struct Turn: Sendable, Hashable {
  /// `system`, `user`, `assistant` or `tool`.
  public var role: String
  /// The content, in order.
  public var parts: [Part]

  /// Creates a turn from its parts.
  public init(role: String, parts: [Part]) {
    self.role = role
    self.parts = parts
  }

  /// Creates a turn of text alone.
  public init(role: String, text: String) {
    self.init(role: role, parts: [.text(text)])
  }

  /// The text parts, joined.
  public var text: String {
    parts.map { if case .text(let text) = $0 { text } else { "" } }.joined()
  }
}

/// A tensor that a dataset's row carries, for instance a clip's log-mel features.
public struct MediaTensor: Sendable, Hashable {
  /// Sizes of the axes, outermost first.
  public var shape: [Int]
  /// Row-major values.
  public var values: [Float]

  /// Creates a tensor; the product of `shape` must be the number of values.
  public init(shape: [Int], values: [Float]) {
    precondition(
      shape.reduce(1, *) == values.count, "media tensor: shape \(shape), \(values.count) values")
    self.shape = shape
    self.values = values
  }
}

/// One row of a dataset: a conversation, and what its evaluator must know of it.
public struct Example: Sendable, Hashable {
  /// The conversation, the assistant's turns included.
  public var turns: [Turn]
  /// What the evaluator gets back beside the prediction; an object.
  public var metadata: JSONValue
  /// Endings whose log-likelihoods the host scores over the shared prefix; empty for none.
  public var choices: [String]
  /// Tensors that `Part.media` names.
  public var tensors: [String: MediaTensor]

  /// Creates a row.
  public init(
    turns: [Turn], metadata: JSONValue = .emptyObject, choices: [String] = [],
    tensors: [String: MediaTensor] = [:]
  ) {
    self.turns = turns
    self.metadata = metadata
    self.choices = choices
    self.tensors = tensors
  }

  /// The conversation up to the last assistant turn: what a model is asked.
  public var prompt: [Turn] {
    guard let last = turns.lastIndex(where: { $0.role == "assistant" }) else { return turns }
    return Array(turns[..<last])
  }

  /// The last assistant turn's text: what a model should answer; nil when there is none.
  public var reference: String? { turns.last { $0.role == "assistant" }?.text }
}
