import JSON
import OrderedCollections

/// Where a recipe's value comes from, as an error names it.
public struct RecipeOrigin: Sendable, Hashable, CustomStringConvertible {
  /// `conf/my.yaml:12`, `--set peft.r=4`, `defaults of the task 'x'`.
  public let description: String
  /// Whether the command line gave it.
  public let isCommandLine: Bool
  /// Whether a task's plugin gave it, and nobody asked for it.
  public var isDefault = false

  func error(_ message: String) -> FormatError {
    FormatError(isCommandLine ? .usage : .malformed, description, message)
  }
}

/// A value of a recipe before anybody knows its type, with its origin.
///
/// Scalars stay text until a key's type says how to read them: YAML 1.1 takes `2e-4` for a string
/// and `no` for a boolean, which nobody who writes a recipe expects.
struct RecipeNode: Sendable {
  struct Member: Sendable {
    let key: String
    let origin: RecipeOrigin
    let value: RecipeNode
  }

  enum Content: Sendable {
    case scalar(String, isQuoted: Bool)
    case list([RecipeNode])
    case mapping([Member])
  }

  let content: Content
  let origin: RecipeOrigin

  /// `null`, `~` or nothing.
  var isNull: Bool {
    guard case .scalar(let text, isQuoted: false) = content else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }

  var bool: Bool? {
    guard case .scalar(let text, isQuoted: false) = content else { return nil }
    if ["true", "True", "TRUE"].contains(text) { return true }
    return ["false", "False", "FALSE"].contains(text) ? false : nil
  }

  /// A finite decimal number, with or without exponent.
  var double: Double? {
    guard case .scalar(let text, isQuoted: false) = content,
      text.utf8.allSatisfy({ "+-.0123456789eE".utf8.contains($0) }), let value = Double(text)
    else { return nil }
    return value.isFinite ? value : nil
  }

  var int: Int? {
    guard case .scalar(let text, isQuoted: false) = content else { return nil }
    return Int(text) ?? double.flatMap(Int.init(exactly:))
  }

  /// The text of a scalar, quoted or not.
  var text: String? {
    guard case .scalar(let text, _) = content, !isNull else { return nil }
    return text
  }

  /// The value as YAML 1.2's core schema reads it.
  var json: JSONValue {
    switch content {
    case .list(let nodes): return .array(nodes.map(\.json))
    case .mapping(let members):
      return .object(
        OrderedDictionary(members.map { ($0.key, $0.value.json) }) { _, last in last })
    case .scalar(let text, let isQuoted):
      if isQuoted { return .string(text) }
      if isNull { return .null }
      if let bool { return .bool(bool) }
      if let int = Int(text) { return .int(int) }
      return double.map(JSONValue.double) ?? .string(text)
    }
  }

  /// What an error says was found.
  var found: String {
    switch content {
    case .list: "a list"
    case .mapping: "a mapping"
    case .scalar(let text, let isQuoted):
      switch json {
      case .null: "nothing"
      case .bool, .int, .double: text
      default: (isQuoted ? "the quoted text " : "the text ") + "'\(text)'"
      }
    }
  }
}

extension RecipeNode {
  /// A JSON document as a layer; every value has the same origin.
  init(_ json: JSONValue, origin: RecipeOrigin) {
    self.origin = origin
    switch json {
    case .string(let text): content = .scalar(text, isQuoted: true)
    case .array(let values): content = .list(values.map { RecipeNode($0, origin: origin) })
    case .object(let members):
      content = .mapping(
        members.map { Member(key: $0, origin: origin, value: RecipeNode($1, origin: origin)) })
    default: content = .scalar(json.text(), isQuoted: false)
    }
  }

  /// This value under the key path `keys`.
  func nested(under keys: some BidirectionalCollection<Substring>) -> RecipeNode {
    keys.reversed().reduce(self) { value, key in
      let member = Member(key: String(key), origin: origin, value: value)
      return RecipeNode(content: .mapping([member]), origin: origin)
    }
  }
}
