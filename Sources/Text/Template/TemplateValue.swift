import JSON

/// A value while a template is evaluated: JSON's kinds and what Jinja adds to them.
indirect enum TemplateValue {
  /// A name, attribute or element that is not there; prints as nothing.
  case undefined(String)
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case list([TemplateValue])
  case tuple([TemplateValue])
  case mapping(TemplateMapping)
  case namespace(TemplateNamespace)
  case macro(TemplateMacro)
  case function(String)
  /// A method that an attribute named: `text.strip`, `message.get`.
  case method(TemplateValue, String)
  case loop(LoopState)
}

/// A dictionary in the order of its keys.
struct TemplateMapping {
  private(set) var keys: [String] = []
  private(set) var values: [TemplateValue] = []
  /// Which message of the conversation this is. It stays with the value through slices, reversals
  /// and assignments, so that what a loop writes can be told to be of this message.
  var message: Int?

  subscript(key: String) -> TemplateValue? {
    get { index(of: key).map { values[$0] } }
    set {
      guard let newValue else { return }
      if let index = index(of: key) {
        values[index] = newValue
      } else {
        keys.append(key)
        values.append(newValue)
      }
    }
  }

  private func index(of key: String) -> Int? { keys.firstIndex { $0 == key } }

  var items: [TemplateValue] { zip(keys, values).map { .tuple([.string($0), $1]) } }
}

/// `namespace(…)`: the one value whose attributes a template may set.
final class TemplateNamespace {
  var attributes = TemplateMapping()
}

/// A macro with the scope it was defined in.
final class TemplateMacro {
  let definition: MacroDefinition
  let scope: Scope
  /// The message whose output a `caller` block belongs to is decided where it is written.
  init(_ definition: MacroDefinition, scope: Scope) {
    (self.definition, self.scope) = (definition, scope)
  }
}

/// What `loop` tells inside a `for`.
struct LoopState {
  let items: [TemplateValue]
  let index: Int
  let depth: Int

  func attribute(_ name: String) -> TemplateValue? {
    switch name {
    case "index": .int(index + 1)
    case "index0": .int(index)
    case "revindex": .int(items.count - index)
    case "revindex0": .int(items.count - index - 1)
    case "first": .bool(index == 0)
    case "last": .bool(index == items.count - 1)
    case "length": .int(items.count)
    case "depth": .int(depth)
    case "depth0": .int(depth - 1)
    case "previtem": index > 0 ? items[index - 1] : .undefined("there is no previous item")
    case "nextitem":
      index + 1 < items.count ? items[index + 1] : .undefined("there is no next item")
    default: nil
    }
  }
}

/// Names in a block, inside the block around it.
final class Scope {
  var variables: [String: TemplateValue] = [:]
  private let parent: Scope?

  init(parent: Scope?) { self.parent = parent }

  subscript(name: String) -> TemplateValue? { variables[name] ?? parent?[name] }
}

extension TemplateValue {
  init(_ json: JSONValue) {
    switch json {
    case .null: self = .none
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(value)
    case .double(let value): self = .double(value)
    case .string(let text): self = .string(text)
    case .array(let elements): self = .list(elements.map { TemplateValue($0) })
    case .object(let members):
      var mapping = TemplateMapping()
      for (key, value) in members { mapping[key] = TemplateValue(value) }
      self = .mapping(mapping)
    }
  }

  /// Python's truth: empty, zero, none and undefined are false.
  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .bool(let value): value
    case .int(let value): value != 0
    case .double(let value): value != 0
    case .string(let text): !text.isEmpty
    case .list(let elements), .tuple(let elements): !elements.isEmpty
    case .mapping(let mapping): !mapping.keys.isEmpty
    default: true
    }
  }

  var isUndefined: Bool { if case .undefined = self { true } else { false } }
  var isNone: Bool { if case .none = self { true } else { false } }

  /// The message a value is, if it is one.
  var message: Int? { if case .mapping(let mapping) = self { mapping.message } else { nil } }

  /// How an error names the kind.
  var kind: String {
    switch self {
    case .undefined: "an undefined value"
    case .none: "none"
    case .bool: "a boolean"
    case .int, .double: "a number"
    case .string: "a string"
    case .list: "a list"
    case .tuple: "a tuple"
    case .mapping: "a mapping"
    case .namespace: "a namespace"
    case .macro: "a macro"
    case .function, .method: "a function"
    case .loop: "the loop"
    }
  }

  /// What a loop runs over: elements, keys, or characters (code points, as in Python).
  func iterated() throws(TemplateError) -> [TemplateValue] {
    switch self {
    case .undefined: return []
    case .list(let elements), .tuple(let elements): return elements
    case .mapping(let mapping): return mapping.keys.map { .string($0) }
    case .string(let text): return text.unicodeScalars.map { .string(String($0)) }
    default: throw TemplateError("\(kind) cannot be looped over")
    }
  }

  func count() throws(TemplateError) -> Int {
    switch self {
    case .undefined: return 0
    case .string(let text): return text.unicodeScalars.count
    case .list(let elements), .tuple(let elements): return elements.count
    case .mapping(let mapping): return mapping.keys.count
    default: throw TemplateError("\(kind) has no length")
    }
  }

  /// Any number; booleans count as 0 and 1, as in Python.
  var number: Double? {
    switch self {
    case .bool(let value): value ? 1 : 0
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  var integer: Int? {
    switch self {
    case .bool(let value): value ? 1 : 0
    case .int(let value): value
    default: nil
    }
  }
}
