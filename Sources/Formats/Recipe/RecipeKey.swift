import JSON
import OrderedCollections

/// What help says of one key.
public struct RecipeKeyDocumentation: Sendable, Hashable {
  /// The dotted path, as `--set` takes it.
  public let path: String
  /// What its value must be.
  public let expectation: String
  /// The value when nobody sets it.
  public let defaultValue: JSONValue
  /// One sentence.
  public let text: String
  /// What its value must be, as a JSON Schema.
  public let schema: JSONValue
  /// What other programs call it.
  public var otherNames: [String] { ForeignKey.names(for: path) }
}

/// What a number must keep to beside its type.
struct RecipeRule: Sendable {
  let text: String
  /// The same as members of a JSON Schema.
  var bounds: [String: Double] = [:]

  func holds(_ value: Double) -> Bool {
    bounds.allSatisfy { name, bound in
      switch name {
      case "minimum": value >= bound
      case "exclusiveMinimum": value > bound
      case "maximum": value <= bound
      default: value < bound
      }
    } && value.isFinite
  }

  /// `schema` with these bounds.
  func bounding(_ schema: JSONValue) -> JSONValue {
    if let choices = schema["anyOf"]?.array {
      return ["anyOf": .array(choices.map { $0["type"] == "null" ? $0 : bounding($0) })]
    }
    return bounds.sorted { $0.key < $1.key }.reduce(schema) {
      $0.setting($1.key, .double($1.value))
    }
  }

  static let positive = RecipeRule(text: "greater than 0", bounds: ["exclusiveMinimum": 0])
  static let finite = RecipeRule(text: "finite")
  static let duration = RecipeRule(
    text: "greater than 0, at most 1e9", bounds: ["exclusiveMinimum": 0, "maximum": 1e9])
  static let notNegative = RecipeRule(text: "0 or greater", bounds: ["minimum": 0])
  static let belowOne = RecipeRule(
    text: "at least 0 and less than 1", bounds: ["minimum": 0, "exclusiveMaximum": 1])
  static let belowHalf = RecipeRule(
    text: "at least 0 and less than 0.5", bounds: ["minimum": 0, "exclusiveMaximum": 0.5])
  static let share = RecipeRule(text: "from 0 to 1", bounds: ["minimum": 0, "maximum": 1])
  static let positiveShare = RecipeRule(
    text: "greater than 0, at most 1", bounds: ["exclusiveMinimum": 0, "maximum": 1])
}

/// A key of `Section`: its name stands here and nowhere else. Checking, merging, the resolved
/// recipe and help all follow from it.
struct RecipeKey<Section: RecipeSection>: Sendable {
  let name: String
  let merge:
    @Sendable (inout Section, RecipeNode, String, inout RecipeOrigins) throws(FormatError) -> Void
  let json: @Sendable (Section) -> JSONValue
  let documentation: @Sendable (String) -> [RecipeKeyDocumentation]

  init<Value: RecipeValue>(
    _ name: String, _ property: WritableKeyPath<Section, Value> & Sendable,
    _ text: String, _ rule: RecipeRule? = nil
  ) {
    self.name = name
    merge = { section, node, path, origins throws(FormatError) in
      let value = try Value.merged(section[keyPath: property], node, at: path, &origins)
      if let rule, let number = value.json.double, !rule.holds(number) {
        throw node.origin.error("\(path) must be \(rule.text), found \(node.found)")
      }
      section[keyPath: property] = value
    }
    json = { $0[keyPath: property].json }
    documentation = { path in
      let below = Value.documentation(below: path)
      let own = RecipeKeyDocumentation(
        path: path, expectation: Value.expectation + (rule.map { " " + $0.text } ?? ""),
        defaultValue: Section()[keyPath: property].json, text: text,
        schema: rule?.bounding(Value.schema) ?? Value.schema)
      return below.isEmpty ? [own] : below
    }
  }
}

/// A mapping whose keys are known.
protocol RecipeSection: RecipeValue {
  /// The section when nobody sets anything.
  init()
  static var keys: [RecipeKey<Self>] { get }
}

extension RecipeSection {
  static var expectation: String { "a mapping" }

  static func documentation(below path: String) -> [RecipeKeyDocumentation] {
    keys.flatMap { $0.documentation(path.isEmpty ? $0.name : "\(path).\($0.name)") }
  }

  static func merged(
    _ old: Self?, _ node: RecipeNode, at path: String, _ origins: inout RecipeOrigins
  ) throws(FormatError) -> Self {
    var section = old ?? Self()
    if node.isNull { return section }
    guard case .mapping(let members) = node.content else {
      let name = path.isEmpty ? "a recipe" : path
      throw node.origin.error("\(name) must be \(expectation), found \(node.found)")
    }
    for member in members {
      // A block for anchors.
      if path.isEmpty, member.key.hasPrefix("x-") { continue }
      guard let key = keys.first(where: { $0.name == member.key }) else {
        throw member.origin.error(
          "unknown key '\(member.key)'" + (path.isEmpty ? "" : " in \(path)"))
      }
      let below = path.isEmpty ? key.name : "\(path).\(key.name)"
      try key.merge(&section, member.value, below, &origins)
    }
    return section
  }

  var json: JSONValue {
    .object(OrderedDictionary(uniqueKeysWithValues: Self.keys.map { ($0.name, $0.json(self)) }))
  }
}
