import JSON
import Names
import OrderedCollections

/// The origins of the keys that some layer set, by dotted path.
typealias RecipeOrigins = [String: RecipeOrigin]

/// A type that a key of a recipe can have.
protocol RecipeValue: Sendable {
  /// What an error says was expected: "a number".
  static var expectation: String { get }
  /// The keys below, for a section.
  static func documentation(below path: String) -> [RecipeKeyDocumentation]
  /// The value after a layer that says `node`, over the value before it.
  static func merged(
    _ old: Self?, _ node: RecipeNode, at path: String, _ origins: inout RecipeOrigins
  ) throws(FormatError) -> Self
  /// The value as the resolved recipe prints it.
  var json: JSONValue { get }
  /// What a value must be, as a JSON Schema; {} where a schema would say less than `expectation`.
  static var schema: JSONValue { get }
}

extension RecipeValue {
  static var schema: JSONValue { .emptyObject }

  static func documentation(below path: String) -> [RecipeKeyDocumentation] { [] }
}

/// A value that is replaced as a whole.
protocol RecipeScalar: RecipeValue {
  init?(_ node: RecipeNode)
  /// What `node`, which is no such value, may have been meant for, as the end of an error.
  static func hint(for node: RecipeNode) -> String
}

extension RecipeScalar {
  static func hint(for node: RecipeNode) -> String { "" }

  static func merged(
    _ old: Self?, _ node: RecipeNode, at path: String, _ origins: inout RecipeOrigins
  ) throws(FormatError) -> Self {
    guard let value = Self(node) else {
      throw node.origin.error(
        "\(path) must be \(expectation), found \(node.found)" + hint(for: node))
    }
    origins[path] = node.origin
    return value
  }
}

extension Bool: RecipeScalar {
  static var schema: JSONValue { ["type": "boolean"] }
  static var expectation: String { "true or false" }
  init?(_ node: RecipeNode) {
    guard let value = node.bool else { return nil }
    self = value
  }
  var json: JSONValue { .bool(self) }
}

extension Int: RecipeScalar {
  static var schema: JSONValue { ["type": "integer"] }
  static var expectation: String { "a whole number" }
  init?(_ node: RecipeNode) {
    guard let value = node.int else { return nil }
    self = value
  }
  var json: JSONValue { .int(self) }
}

extension Double: RecipeScalar {
  static var schema: JSONValue { ["type": "number"] }
  static var expectation: String { "a number" }
  init?(_ node: RecipeNode) {
    guard let value = node.double else { return nil }
    self = value
  }
  var json: JSONValue { .double(self) }
}

extension String: RecipeScalar {
  static var schema: JSONValue { ["type": "string"] }
  static var expectation: String { "a text" }
  init?(_ node: RecipeNode) {
    guard let value = node.text else { return nil }
    self = value
  }
  var json: JSONValue { .string(self) }
}

/// A value out of a closed list of words.
protocol RecipeChoice: RecipeScalar, RawRepresentable, CaseIterable where RawValue == String {}

extension RecipeChoice {
  static var schema: JSONValue { ["enum": .array(allCases.map { .string($0.rawValue) })] }
  static var expectation: String {
    let words = allCases.map(\.rawValue)
    return words.count == 1 ? words[0] : "one of " + words.joined(separator: ", ")
  }
  init?(_ node: RecipeNode) {
    guard let value = node.text.flatMap(Self.init(rawValue:)) else { return nil }
    self = value
  }
  static func hint(for node: RecipeNode) -> String {
    let near = node.text.flatMap { nearestName(to: $0, among: allCases.map(\.rawValue)) }
    return near.map { "; did you mean '\($0)'?" } ?? ""
  }
  var json: JSONValue { .string(rawValue) }
}

/// A value that `null` switches off.
extension Optional: RecipeValue where Wrapped: RecipeValue {
  static var expectation: String { Wrapped.expectation + " or null" }
  static var schema: JSONValue {
    let own = Wrapped.schema
    return own == .emptyObject ? own : ["anyOf": [own, ["type": "null"]]]
  }

  static func documentation(below path: String) -> [RecipeKeyDocumentation] {
    Wrapped.documentation(below: path)
  }

  static func merged(
    _ old: Wrapped??, _ node: RecipeNode, at path: String, _ origins: inout RecipeOrigins
  ) throws(FormatError) -> Wrapped? {
    if node.isNull {
      origins[path] = node.origin
      return nil
    }
    return try Wrapped.merged(old ?? nil, node, at: path, &origins)
  }

  var json: JSONValue { self?.json ?? .null }
}

/// A free mapping, checked by whoever it belongs to; mappings merge, other values are replaced.
extension JSONValue: RecipeValue {
  static var schema: JSONValue { ["type": "object"] }
  static var expectation: String { "a mapping" }
  var json: JSONValue { self }

  static func merged(
    _ old: JSONValue?, _ node: RecipeNode, at path: String, _ origins: inout RecipeOrigins
  ) throws(FormatError) -> JSONValue {
    guard case .mapping(let members) = node.content else {
      throw node.origin.error("\(path) must be \(expectation), found \(node.found)")
    }
    var result = old?.object ?? [:]
    for member in members {
      let below = "\(path).\(member.key)"
      if case .mapping = member.value.content {
        result[member.key] = try merged(result[member.key], member.value, at: below, &origins)
      } else {
        result[member.key] = member.value.json
      }
      origins[below] = member.origin
    }
    return .object(result)
  }
}
