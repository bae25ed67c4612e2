import OrderedCollections

/// A JSON document (RFC 8259) whose objects keep the order of their keys.
///
/// Order matters twice here: a chat template prints tool schemas as the user wrote them, and the
/// files we write must have the same bytes in every run.
public enum JSONValue: Sendable, Hashable {
  case null
  case bool(Bool)
  /// A number without fraction or exponent that fits 64 bits.
  case int(Int)
  case double(Double)
  case string(String)
  case array([JSONValue])
  case object(OrderedDictionary<String, JSONValue>)
}

extension JSONValue {
  /// `{}`
  public static let emptyObject = JSONValue.object([:])

  /// The member `key` of an object; nil for other kinds and absent keys.
  public subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members[key]
  }

  /// This object with member `key` set, at its place or at the end.
  public func setting(_ key: String, _ value: JSONValue) -> JSONValue {
    guard case .object(var members) = self else { return self }
    members[key] = value
    return .object(members)
  }

  /// Element `index` of an array; nil for other kinds and outside its bounds.
  public subscript(index: Int) -> JSONValue? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
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
  public var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }

  /// The members of an object; nil for other kinds.
  public var object: OrderedDictionary<String, JSONValue>? {
    if case .object(let members) = self { members } else { nil }
  }

  /// Whether this is `null`.
  public var isNull: Bool { self == .null }

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

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  /// `"text"`
  public init(stringLiteral value: String) { self = .string(value) }
  /// `1`
  public init(integerLiteral value: Int) { self = .int(value) }
  /// `1.5`
  public init(floatLiteral value: Double) { self = .double(value) }
  /// `true`
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// `[1, 2]`
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// `["key": 1]`; the last of two equal keys counts.
  public init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(OrderedDictionary(elements, uniquingKeysWith: { _, last in last }))
  }
  /// `nil`
  public init(nilLiteral: ()) { self = .null }
}
