import TaskKit

/// A record's values by key, with faults that name the place.
struct RecordFields {
  let value: JSON, place: String

  func fault(_ message: String) -> PluginError { PluginError(.data, "\(place): \(message)") }

  /// The text at `key`, lists of texts joined by commas; nil where it is absent, null, empty or
  /// "N/A".
  func text(_ key: String) throws -> String? {
    switch value[key] {
    case nil, .null: return nil
    case .string(let text): return Self.isAbsent(text) ? nil : text
    case .array(let elements) where elements.allSatisfy({ $0.string != nil }):
      let text = elements.compactMap(\.string).joined(separator: ", ")
      return text.isEmpty ? nil : text
    case .some(let other): throw fault("'\(key)' must be a string, not \(other.kind)")
    }
  }

  func requiredText(_ key: String) throws -> String {
    guard let text = try text(key) else { throw fault("'\(key)' is missing or empty; add it") }
    return text
  }

  func firstText(_ keys: [String]) throws -> String? {
    for key in keys { if let text = try text(key) { return text } }
    return nil
  }

  /// The record's `id`; where it has none, its place.
  func id() throws -> String {
    if case .int(let number) = value["id"] { return String(number) }
    return try text("id") ?? place
  }

  private static func isAbsent(_ text: String) -> Bool {
    let text = text.filter { !$0.isWhitespace }
    return text.isEmpty || text.uppercased() == "N/A"
  }
}

extension RecordFields {
  /// The value of a dimension's field, at the top level or inside `annotations`.
  private func annotation(_ field: String) -> JSON? {
    value[field] ?? value["annotations"]?[field]
  }

  /// The shape, which only its own keys tell: `content_pass`, or a list of choices.
  var family: Family {
    if annotation(Dimension.contentPass.field) != nil { return .archetype }
    return value["multi_choice"] != nil || value["choices"] != nil ? .avqa : .realism
  }

  /// The kind that `dataset_name` names, or that the shape suggests.
  func kind() throws -> Kind {
    guard let name = try text("dataset_name") else {
      return switch family {
      case .realism: .role
      case .archetype: .archetype
      case .avqa: .avqa
      }
    }
    guard let kind = Kind(rawValue: name) else {
      let known = Kind.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
      throw fault(
        "unknown 'dataset_name' '\(name)'; known: \(known). 'data.kind' overrides it")
    }
    return kind
  }

  /// The ratings of each dimension that has any.
  func ratings(of dimensions: [Dimension]) throws -> [String: [Double?]] {
    if let annotations = value["annotations"], annotations != .null, annotations.object == nil {
      throw fault("'annotations' must be an object, not \(annotations.kind)")
    }
    var found: [String: [Double?]] = [:]
    for dimension in dimensions {
      guard let given = annotation(dimension.field) else { continue }
      let ratings = try (given.array ?? [given]).map { try rating($0, of: dimension) }
      if ratings.contains(where: { $0 != nil }) { found[dimension.key] = ratings }
    }
    return found
  }

  /// One annotator's rating; null and "N/A" mean that there is none.
  private func rating(_ value: JSON, of dimension: Dimension) throws -> Double? {
    switch value {
    case .null: return nil
    case .string(let text) where Self.isAbsent(text): return nil
    case .bool(let passes) where dimension.low == 0: return passes ? 1 : 0
    case .int, .double:
      let score = value.double ?? .nan
      guard (Double(dimension.low)...Double(dimension.high)).contains(score) else {
        throw fault(
          "'\(dimension.field)' holds \(value.text); its scale is \(dimension.low) to "
            + "\(dimension.high)")
      }
      return score
    default:
      throw fault("'\(dimension.field)' holds \(value.text), which is not a rating")
    }
  }

  /// A multiple-choice question: AVQA's keys, or MMAU's. `answer` is an index or a choice's text.
  func question() throws -> Record.Question {
    let key = value["multi_choice"] == nil ? "choices" : "multi_choice"
    let choices = (value[key]?.array ?? []).compactMap(\.string)
    guard choices.count >= 2, choices.count == value[key]?.array?.count else {
      throw fault("'\(key)' must be a list of at least two texts")
    }
    guard Set(choices).count == choices.count else {
      throw fault("'\(key)' holds the same choice twice, so an answer would not be told apart")
    }
    guard let text = try firstText(["question_text", "question"]) else {
      throw fault("'question_text' is missing or empty; add it")
    }
    return Record.Question(
      text: text, choices: choices, correct: try answer(among: choices),
      category: try firstText(["category", "task"]))
  }

  private func answer(among choices: [String]) throws -> Int? {
    switch value["answer"] {
    case nil, .null: return nil
    case .string(let text):
      guard let index = choices.firstIndex(of: text) else {
        throw fault("'answer' is '\(text)', which is none of the choices")
      }
      return index
    case .some(let number):
      guard let index = number.int, choices.indices.contains(index) else {
        throw fault(
          "'answer' is \(number.text); it must be an index from 0 to \(choices.count - 1)")
      }
      return index
    }
  }
}
