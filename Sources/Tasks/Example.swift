import JSON
import OrderedCollections

/// What a turn is made of.
public enum Part: Sendable, Hashable {
  /// Literal text.
  case text(String)
  /// A clip or picture: the name of one of the example's tensors.
  case media(kind: String, tensor: String)
  /// One of the row's choices, at this place of the last assistant turn.
  case choice(Choice)
}

/// A place in an answer that one of several endings fills.
public struct Choice: Sendable, Hashable {
  /// What may stand here.
  public let options: [String]
  /// Each option's probability of being right; they sum to 1.
  public let weights: [Float]

  /// Creates a place; there is one weight for each option, and at least one option.
  public init(options: [String], weights: [Float]) {
    precondition(
      options.count == weights.count && !options.isEmpty,
      "choice: \(options.count) options, \(weights.count) weights")
    self.options = options
    self.weights = weights
  }

  /// The index of the likeliest option, the first of equals.
  public var likeliest: Int {
    weights.indices.reduce(0) { weights[$1] > weights[$0] ? $1 : $0 }
  }

  /// The likeliest option, which stands in the text.
  public var text: String { options[likeliest] }

  /// Whether one option alone is right.
  public var isHard: Bool { weights[likeliest] == 1 }
}

/// One message of a conversation.
public struct Turn: Sendable, Hashable {
  /// `system`, `developer`, `user`, `assistant` or `tool`.
  public var role: String
  /// The content, in order; a turn that has members and no part has no content.
  public var parts: [Part]
  /// What the message has beside role and content, as the chat template sees it: `tool_calls`,
  /// `reasoning_content`, `name`, …
  public var members: OrderedDictionary<String, JSONValue>
  /// Whether an assistant's turn is learnt.
  public var isTrained: Bool

  /// Creates a turn from its parts.
  public init(
    role: String, parts: [Part], members: OrderedDictionary<String, JSONValue> = [:],
    isTrained: Bool = true
  ) {
    self.role = role
    self.parts = parts
    self.members = members
    self.isTrained = isTrained
  }

  /// Creates a turn of text alone.
  public init(role: String, text: String) {
    self.init(role: role, parts: [.text(text)])
  }

  /// The message as a chat template reads it and a file of rows says it, its media left out.
  public var message: JSONValue {
    var message: OrderedDictionary<String, JSONValue> = ["role": .string(role)]
    if !hasNoContent { message["content"] = .string(text) }
    for (key, value) in members { message[key] = value }
    return .object(message)
  }

  /// Whether the message has no content at all, as where `content` is null beside calls.
  public var hasNoContent: Bool { parts.isEmpty && !members.isEmpty }

  /// The text parts and the likeliest choices, joined.
  public var text: String {
    parts.map { part in
      switch part {
      case .text(let text): text
      case .choice(let choice): choice.text
      case .media: ""
      }
    }.joined()
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
  /// The conversation, the assistant's turns included; of a preference pair its prompt alone.
  public var turns: [Turn]
  /// What the evaluator gets back beside the prediction; an object.
  public var metadata: JSONValue
  /// Endings whose log-likelihoods the host scores over the shared prefix; empty for none.
  public var choices: [String]
  /// Tensors that `Part.media` names.
  public var tensors: [String: MediaTensor]
  /// What the chat template reads beside the messages: `tools`, `documents`, …
  public var templateVariables: OrderedDictionary<String, JSONValue>
  /// Of a preference pair the two ways in which `turns`, then the prompt, may go on; empty otherwise.
  public var chosen: [Turn], rejected: [Turn]
  /// Whether the conversation's answer is a wanted one; nil: the row does not say.
  public var label: Bool?

  /// Creates a row.
  public init(
    turns: [Turn], metadata: JSONValue = .emptyObject, choices: [String] = [],
    tensors: [String: MediaTensor] = [:],
    templateVariables: OrderedDictionary<String, JSONValue> = [:], chosen: [Turn] = [],
    rejected: [Turn] = [], label: Bool? = nil
  ) {
    self.turns = turns
    self.metadata = metadata
    self.choices = choices
    self.tensors = tensors
    self.templateVariables = templateVariables
    self.chosen = chosen
    self.rejected = rejected
    self.label = label
  }

  /// The same row with other turns.
  public func with(turns: some Sequence<Turn>) -> Example {
    var example = self
    example.turns = Array(turns)
    return example
  }

  /// The places of choices in the last turn, in order.
  public var places: [Choice] {
    (turns.last?.parts ?? []).compactMap {
      if case .choice(let choice) = $0 { choice } else { nil }
    }
  }
}
