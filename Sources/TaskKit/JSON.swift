import FoundationEssentials

/// A JSON value: metadata of a row, details of a report, defaults of a recipe.
public enum JSON: Sendable, Hashable {
  case null
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case array([JSON])
  case object(Members)
}

extension JSON {
  /// The member `key` of an object; nil for other kinds and absent keys.
  public subscript(key: String) -> JSON? {
    if case .object(let members) = self { members[key] } else { nil }
  }

  /// The text of a string; nil for other kinds.
  public var string: String? { if case .string(let text) = self { text } else { nil } }

  /// The truth value of a boolean; nil for other kinds.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

  /// An integer, or a double without fraction; nil for other kinds.
  public var int: Int? {
    switch self {
    case .int(let value): value
    case .double(let value): Int(exactly: value)
    default: nil
    }
  }

  /// Any number; nil for other kinds.
  public var double: Double? {
    switch self {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  /// The elements of an array; nil for other kinds.
  public var array: [JSON]? { if case .array(let elements) = self { elements } else { nil } }

  /// The members of an object, in their order; nil for other kinds.
  public var object: Members? {
    if case .object(let members) = self { members } else { nil }
  }

  /// The kind's name as an error message says it: "an object", "a number", …
  public var kind: String {
    switch self {
    case .null: "null"
    case .bool: "a boolean"
    case .int, .double: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
  ExpressibleByNilLiteral
{
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// An integer.
  public init(integerLiteral value: Int) { self = .int(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .double(value) }
  /// A boolean.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// An array.
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  /// An object with its members in the order written; of equal keys the last one counts.
  public init(dictionaryLiteral elements: (String, JSON)...) {
    var members = Members()
    for (key, value) in elements { members[key] = value }
    self = .object(members)
  }
  /// `null`
  public init(nilLiteral: ()) { self = .null }
}

extension JSON: Codable {
  /// Decodes any value.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let text = try? container.decode(String.self) {
      self = .string(text)
    } else if let members = try? container.decode([String: JSON].self) {
      self = .object(Members(members))
    } else if let value = try? container.decode(Int.self) {
      self = .int(value)
    } else if let value = try? container.decode(Double.self) {
      self = .double(value)
    } else if let elements = try? container.decode([JSON].self) {
      self = .array(elements)
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if container.decodeNil() {
      self = .null
    } else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a JSON value")
    }
  }

  /// Encodes the value as itself.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .int(let value): try container.encode(value)
    case .double(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value):
      try container.encode(Dictionary(uniqueKeysWithValues: zip(value.keys, value.values)))
    }
  }
}

extension JSON {
  /// The value that `value` encodes to: `JSON(encoding: labels)` for an author's own type.
  public init(encoding value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    self = try JSON(parsing: encoder.encode(value))
  }

  /// The value as `type`. A missing key or a wrong type is a `PluginError` that names it.
  public func decoded<T: Decodable>(as type: T.Type = T.self) throws -> T {
    try JSONTree(self, path: "", record: KeyRecord()).decode(type)
  }

  /// The document on one line, keys sorted. A number that is not finite becomes `null`.
  public var text: String {
    var output = ""
    write(into: &output, sortsKeys: true)
    return output
  }

  /// The document on one line, keys in their order.
  public var orderedText: String {
    var output = ""
    write(into: &output, sortsKeys: false)
    return output
  }

  private func write(into output: inout String, sortsKeys: Bool) {
    switch self {
    case .null: output += "null"
    case .bool(let value): output += value ? "true" : "false"
    case .int(let value): output += String(value)
    case .double(let value): output += value.isFinite ? String(value) : "null"
    case .string(let text): Self.quote(text, into: &output)
    case .array(let elements):
      output += "["
      for (index, element) in elements.enumerated() {
        if index > 0 { output += "," }
        element.write(into: &output, sortsKeys: sortsKeys)
      }
      output += "]"
    case .object(let members):
      let pairs = members.map { ($0.key, $0.value) }
      Self.write(
        sortsKeys ? pairs.sorted { $0.0 < $1.0 } : pairs, into: &output, sortsKeys: sortsKeys)
    }
  }

  /// Members in the order given.
  static func write(
    _ members: [(String, JSON)], into output: inout String, sortsKeys: Bool = true
  ) {
    output += "{"
    for (index, (key, value)) in members.enumerated() {
      if index > 0 { output += "," }
      quote(key, into: &output)
      output += ":"
      value.write(into: &output, sortsKeys: sortsKeys)
    }
    output += "}"
  }

  static func quote(_ text: String, into output: inout String) {
    output += "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": output += "\\\""
      case "\\": output += "\\\\"
      case "\n": output += "\\n"
      case "\r": output += "\\r"
      case "\t": output += "\\t"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: output.unicodeScalars.append(scalar)
      }
    }
    output += "\""
  }
}
