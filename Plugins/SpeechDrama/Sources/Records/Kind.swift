/// The three shapes of records.
enum Family: String, CaseIterable, Sendable {
  /// A scene with a described character; a reply in a role; a multiple-choice question.
  case realism, archetype, avqa

  /// What its records may be rated in.
  var dimensions: [Dimension] {
    switch self {
    case .realism: Dimension.realism
    case .archetype: Dimension.archetype
    case .avqa: []
    }
  }
}

/// What is asked about a record, and how it is answered; a record's `dataset_name`.
enum Kind: String, CaseIterable, Sendable {
  case role = "ROLE"
  case roleVariation = "RoleVariation"
  case roleCaption = "RoleCaption"
  case roleVariationCaption = "RoleVariationCaption"
  case roleEmotion = "RoleEmotion"
  case roleReasoning = "RoleReasoning"
  case roleAllFixOrder = "RoleAllFixOrder"
  case roleAllFixOrderConsistent = "RoleAllFixOrderConsistent"
  case roleAllFlexOrder = "RoleAllFlexOrder"
  case roleAllFlexOrderConsistent = "RoleAllFlexOrderConsistent"
  case archetype = "Arche"
  case avqa = "AVQA"

  /// What the model writes down before its score.
  enum Thought: Sendable { case caption, emotion }

  /// The shape of the records that can be asked this.
  var family: Family {
    switch self {
    case .archetype: .archetype
    case .avqa: .avqa
    default: .realism
    }
  }

  /// Whether training draws among the prompts' wordings.
  var varies: Bool {
    [.roleVariation, .roleVariationCaption, .roleReasoning].contains(self)
  }

  /// What precedes the score; nil for a score alone.
  var thought: Thought? {
    switch self {
    case .roleCaption, .roleVariationCaption: .caption
    case .roleEmotion: .emotion
    default: nil
    }
  }

  /// Whether one answer holds the scores of all dimensions.
  var asksAll: Bool { rawValue.hasPrefix("RoleAll") }

  /// Whether the scores of such an answer stand in a random order.
  var hasFreeOrder: Bool { rawValue.hasPrefix("RoleAllFlexOrder") }

  /// Whether the scores of such an answer are drawn from one annotator.
  var isConsistent: Bool { rawValue.hasSuffix("Consistent") }
}
