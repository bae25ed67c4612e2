/// What a turn is made of.
public enum Part: Sendable, Hashable {
  /// Literal text.
  case text(String)
  /// A clip or picture: its kind (`audio`, `image`) and the name of one of the example's tensors.
  case media(kind: String, tensor: String)
  /// One of the row's `choices`, with each one's probability of being right, in the last turn, an
  /// assistant's: `[0, 0, 0, 1, 0]`, or the shares of annotators. Trained is the distribution; an
  /// evaluator gets the choices' log-likelihoods after all that stands before this place.
  case choice(weights: [Float])

  /// A clip, by the name of its tensor: log-mel features [mel bins, frames + 2], the last two past
  /// the clip's end.
  public static func audio(_ tensor: String) -> Part { .media(kind: "audio", tensor: tensor) }
}

extension Part: ExpressibleByStringInterpolation {
  /// Literal text.
  public init(stringLiteral value: String) { self = .text(value) }
}

/// One message of a conversation.
public struct Turn: Sendable, Hashable {
  /// `system`, `developer`, `user`, `assistant` or `tool`.
  public var role: String
  /// The content, in order; a turn that has members and no part has no content.
  public var parts: [Part]
  /// What the message has beside role and content, as the chat template is to see it: `tool_calls`,
  /// `reasoning_content`, `name`, … Needs a host of ABI 1.4.
  public var members: JSON.Members
  /// Whether an assistant's turn is learnt. A turn that is not needs a host of ABI 1.4.
  public var isTrained: Bool

  /// Creates a turn from its parts.
  public init(
    role: String, parts: [Part], members: JSON.Members = [:], isTrained: Bool = true
  ) {
    self.role = role
    self.parts = parts
    self.members = members
    self.isTrained = isTrained
  }

  /// The instructions before the conversation.
  public static func system(_ text: String) -> Turn { Turn(role: "system", parts: [.text(text)]) }

  /// What the user says.
  public static func user(_ text: String) -> Turn { Turn(role: "user", parts: [.text(text)]) }

  /// What the user says, clips and pictures included.
  public static func user(parts: Part...) -> Turn { Turn(role: "user", parts: parts) }

  /// What the model is taught to say, or shall say.
  public static func assistant(_ text: String) -> Turn {
    Turn(role: "assistant", parts: [.text(text)])
  }

  /// The text parts, joined.
  public var text: String {
    parts.map { if case .text(let text) = $0 { text } else { "" } }.joined()
  }
}

/// A tensor that a row carries, for instance a clip's log-mel features.
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

/// One row of a dataset: a conversation, and what its evaluator must know of it. One that ends with a
/// user's or a tool's turn, and of which no turn is trained, is a prompt alone.
public struct Example: Sendable, Hashable {
  /// The conversation, the assistant's turns included; of a preference pair its prompt alone.
  public var turns: [Turn]
  /// What the evaluator gets back beside the prediction; an object.
  public var metadata: JSON
  /// Endings whose log-likelihoods the host scores over the shared prefix; empty for none.
  public var choices: [String]
  /// Tensors that `Part.media` names.
  public var tensors: [String: MediaTensor]
  /// What the chat template reads beside the messages: `tools` (a list of schemas), `documents`, …
  /// Needs a host of ABI 1.4.
  public var templateVariables: JSON.Members
  /// Of a preference pair the two ways in which `turns`, then the prompt, may go on, each of them
  /// beginning with an assistant's turn; empty otherwise. A pair needs a host of ABI 1.5.
  public var chosen: [Turn], rejected: [Turn]
  /// Whether the conversation's answer, all that follows the last turn which is not the assistant's or
  /// a tool's, is a wanted one; nil: the row does not say. A label needs a host of ABI 1.5.
  public var label: Bool?

  /// Creates a row. For metadata of an own type write `metadata: try JSON(encoding: labels)`.
  public init(
    turns: [Turn], metadata: JSON = [:], choices: [String] = [],
    tensors: [String: MediaTensor] = [:], templateVariables: JSON.Members = [:],
    chosen: [Turn] = [], rejected: [Turn] = [], label: Bool? = nil
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

  /// Whether the row is a preference pair.
  public var isPair: Bool { !chosen.isEmpty || !rejected.isEmpty }

  /// The text of the assistant's turn after what a model is asked, the likeliest choices in their
  /// places: what it should answer. Of a pair the chosen one; nil when there is none, or the row's
  /// label says that it is not wanted.
  public var reference: String? {
    guard label != false else { return nil }
    return answer?.parts.map { part in
      switch part {
      case .text(let text): text
      case .media: ""
      case .choice(let weights):
        weights.indices.max { weights[$0] < weights[$1] }.map { choices[$0] } ?? ""
      }
    }.joined()
  }

  /// The turn in which a model should answer.
  private var answer: Turn? {
    if isPair { return chosen.first }
    if label != nil {
      let asked = turns.lastIndex { $0.role != "assistant" && $0.role != "tool" } ?? -1
      return turns.dropFirst(asked + 1).first
    }
    let answers = turns.filter { $0.role == "assistant" }
    let isOpen = turns.last?.role == "user" || turns.last?.role == "tool"
    return isOpen && !answers.contains(where: \.isTrained) ? nil : answers.last
  }
}

/// What the model answered to one row.
public struct Prediction: Sendable, Hashable {
  /// The row's index in its dataset.
  public var index: Int
  /// The generated answer.
  public var text: String
  /// The row itself, without its tensors.
  public var example: Example
  /// Log-likelihood of each of the row's choices, for each place of a choice in turn; empty when it
  /// has none. Of a pair what `pair` names, of a row with a label what `labeled` names.
  public var choiceLogLikelihoods: [Double]
  /// What a reward model scores the row's answers, where such a model is judged (ABI 1.6): a pair's
  /// chosen and rejected one, the one of a row with a label; empty otherwise.
  public var scores: [Double]
  /// What the model should have answered: the last assistant turn, its calls and its reasoning as the
  /// chat template writes them; nil when the row does not say.
  public var reference: String?

  /// Creates a prediction; without `reference` it is the text of the last assistant turn.
  public init(
    index: Int, text: String, example: Example, choiceLogLikelihoods: [Double] = [],
    scores: [Double] = [], reference: String? = nil
  ) {
    self.index = index
    self.text = text
    self.example = example
    self.choiceLogLikelihoods = choiceLogLikelihoods
    self.scores = scores
    self.reference = reference ?? example.reference
  }

  /// The row's metadata; `try prediction.metadata.decoded(as: Labels.self)` for an own type.
  public var metadata: JSON { example.metadata }
}

extension Example {
  /// Reads the layout of `examples_json`.
  init(json: JSON) throws {
    func turns(_ key: String) throws -> [Turn] {
      try (json[key]?.array ?? []).map(Turn.init(json:))
    }
    self.init(
      turns: try turns("turns"), metadata: json["metadata"] ?? [:],
      choices: (json["choices"]?.array ?? []).compactMap(\.string),
      templateVariables: json["template_variables"]?.object ?? [:],
      chosen: try turns("chosen"), rejected: try turns("rejected"), label: json["label"]?.bool)
  }
}

extension Turn {
  fileprivate init(json: JSON) throws {
    guard let role = json["role"]?.string, let parts = json["parts"]?.array else {
      throw PluginError(.internal, "the host sent a turn without 'role' or 'parts'")
    }
    self.init(
      role: role,
      parts: parts.map { part in
        guard let kind = part["media"]?.string else { return .text(part["text"]?.string ?? "") }
        return .media(kind: kind, tensor: part["tensor"]?.string ?? "")
      }, members: json["members"]?.object ?? [:], isTrained: json["trained"]?.bool ?? true)
  }
}
