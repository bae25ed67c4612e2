import TaskKit

/// The one place where a prompt is made; training, evaluation and inference all ask with it.
///
/// A prompt is the clip, what is known of it, the instructions, and only then the rubric of the
/// dimension asked for: so the prompts of one clip share all but their last lines, and a judge
/// hears the clip once for all dimensions.
struct PromptBuilder: Sendable {
  /// The tensor with the clip's features.
  static let clip = "clip"

  /// Which header and which wording of a rubric.
  struct Wording: Sendable, Hashable {
    var header = 0, rubric = 0
    /// The first of each.
    static let standard = Wording()
  }

  private let folder: PromptFolder
  private let ratings: [Family: RatingPrompts]
  private let choices: ChoicePrompts?
  private let context: [ContextField]

  /// Reads the texts that `kinds` need from `folder`. `context` names what a prompt tells of a
  /// scene, in this order.
  init(folder: String, kinds: Set<Kind>, context: [ContextField]) throws {
    self.folder = PromptFolder(path: folder)
    self.context = context
    var ratings: [Family: RatingPrompts] = [:]
    let families = Set(kinds.map(\.family))
    for family in Family.allCases where family != .avqa && families.contains(family) {
      ratings[family] = try self.folder.ratings(family)
    }
    self.ratings = ratings
    choices = kinds.contains(.avqa) ? try self.folder.choices() : nil
    for kind in Kind.allCases where kinds.contains(kind) { _ = try instructions(kind) }
  }

  /// Draws one of the wordings of `dimension`.
  func wording(
    of dimension: Dimension, in family: Family, using random: inout some RandomNumberGenerator
  ) -> Wording {
    guard let prompts = ratings[family], let rubric = prompts.dimensions[dimension.key] else {
      return .standard
    }
    return Wording(
      header: prompts.headers.indices.randomElement(using: &random)!,
      rubric: rubric.wordings.indices.randomElement(using: &random)!)
  }

  /// The user's turn that asks for one dimension of `record`.
  func turn(_ record: Record, asking dimension: Dimension, _ wording: Wording) throws -> Turn {
    let prompts = try prompts(record)
    let format =
      record.kind.thought == nil
      ? prompts.format : try required(prompts.thought_format, "thought_format", record.kind)
    return try turn([
      contextText(record, prompts), prompts.headers[wording.header], instructions(record.kind),
      rubric(dimension, wording.rubric, prompts) + "\n" + Self.filled(format, dimension),
    ])
  }

  /// The user's turn that asks for all of `dimensions` at once.
  func turn(_ record: Record, askingAll dimensions: [Dimension]) throws -> Turn {
    let prompts = try prompts(record), all = try required(prompts.all, "all", record.kind)
    let rubrics = dimensions.map { "[\($0.tag)] " + rubric($0, 0, prompts) }
    let schema = dimensions.map { "[\($0.tag)]N" }.joined()
    return turn(
      [contextText(record, prompts), all.instructions] + rubrics
        + [(record.kind.hasFreeOrder ? all.free : all.fixed) + "<answer>\(schema)</answer>"])
  }

  /// The user's turn of a multiple-choice question.
  func turn(_ question: Record.Question) throws -> Turn {
    guard let choices else { throw PluginError(.internal, "no texts for multiple choice") }
    let options = question.choices.map { "- " + $0 }.joined(separator: "\n")
    return turn([
      choices.instructions, "\(choices.question): \(question.text)",
      "\(choices.options):\n\(options)\n\(choices.format)",
    ])
  }

  private func turn(_ paragraphs: [String]) -> Turn {
    let text = paragraphs.filter { !$0.isEmpty }.joined(separator: "\n\n")
    return .user(parts: .audio(Self.clip), .text(text))
  }

  private func prompts(_ record: Record) throws -> RatingPrompts {
    guard let prompts = ratings[record.kind.family] else {
      throw PluginError(.internal, "no texts for kind \(record.kind.rawValue)")
    }
    return prompts
  }

  /// What a kind asks for beyond the score.
  private func instructions(_ kind: Kind) throws -> String {
    guard let prompts = ratings[kind.family] else { return "" }
    switch kind {
    case .roleReasoning: return try required(prompts.reasoning, "reasoning", kind)
    case _ where kind.thought == .caption: return try required(prompts.caption, "caption", kind)
    case _ where kind.thought == .emotion: return try required(prompts.emotion, "emotion", kind)
    case _ where kind.asksAll: return try required(prompts.all, "all", kind).instructions
    default: return ""
    }
  }

  private func required<T>(_ value: T?, _ key: String, _ kind: Kind) throws -> T {
    guard let value else {
      throw PluginError(
        .configuration,
        "\(folder.file(kind.family)): '\(key)' is missing; the kind '\(kind.rawValue)' needs it")
    }
    return value
  }

  private func contextText(_ record: Record, _ prompts: RatingPrompts) -> String {
    let fields = record.kind.family == .realism ? context : [.question]
    return fields.compactMap { field in
      record.context[field].map { "\(prompts.context[field.rawValue] ?? field.rawValue): \($0)" }
    }.joined(separator: "\n")
  }

  /// A dimension's name, meaning and levels, the highest first.
  private func rubric(_ dimension: Dimension, _ index: Int, _ prompts: RatingPrompts) -> String {
    guard let rubric = prompts.dimensions[dimension.key] else { return "" }
    let wording = rubric.wordings[index]
    let levels = zip(dimension.choices, wording.anchors).reversed().map { "\($0): \($1)" }
    return (["\(rubric.name): \(wording.meaning)"] + levels + [rubric.rule].compactMap(\.self))
      .joined(separator: "\n")
  }

  private static func filled(_ text: String, _ dimension: Dimension) -> String {
    text.replacing("{low}", with: "\(dimension.low)")
      .replacing("{high}", with: "\(dimension.high)")
  }
}
