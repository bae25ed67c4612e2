import JSON
import Names
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
}

/// What a number must keep to beside its type.
struct RecipeRule: Sendable {
  let text: String
  let holds: @Sendable (Double) -> Bool

  static let positive = RecipeRule(text: "greater than 0") { $0 > 0 }
  static let finite = RecipeRule(text: "finite") { $0.isFinite }
  static let duration = RecipeRule(text: "greater than 0, at most 1e9") { $0 > 0 && $0 <= 1e9 }
  static let notNegative = RecipeRule(text: "0 or greater") { $0 >= 0 }
  static let belowOne = RecipeRule(text: "at least 0 and less than 1") { (0..<1).contains($0) }
  static let belowHalf = RecipeRule(text: "at least 0 and less than 0.5") {
    (0..<0.5).contains($0)
  }
  static let share = RecipeRule(text: "from 0 to 1") { (0...1).contains($0) }
  static let positiveShare = RecipeRule(text: "greater than 0, at most 1") { $0 > 0 && $0 <= 1 }
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
        defaultValue: Section()[keyPath: property].json, text: text)
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
      guard let key = keys.first(where: { $0.name == member.key }) else {
        throw member.origin.error(unknown(member.key, at: path))
      }
      let below = path.isEmpty ? key.name : "\(path).\(key.name)"
      try key.merge(&section, member.value, below, &origins)
    }
    return section
  }

  /// "unknown key 'a' in b", with the nearest key here, or the same key in another section.
  private static func unknown(_ key: String, at path: String) -> String {
    var hint = nearestName(to: key, among: keys.map(\.name)) ?? ""
    if let known = DistributionRecipe.foreignKeys[key] { hint = known }
    if hint.isEmpty {
      let elsewhere = Recipe.documentation.first { $0.path.hasSuffix("." + key) }
      hint = elsewhere?.path ?? ""
    }
    return "unknown key '\(key)'" + (path.isEmpty ? "" : " in \(path)")
      + (hint.isEmpty ? "" : "; did you mean '\(hint)'?")
  }

  var json: JSONValue {
    .object(OrderedDictionary(uniqueKeysWithValues: Self.keys.map { ($0.name, $0.json(self)) }))
  }
}
