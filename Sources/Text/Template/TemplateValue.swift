import JSON

/// A value while a template is evaluated: JSON's kinds and what Python and Jinja add to them.
indirect enum TemplateValue {
  /// A name, attribute or element that is not there; prints as nothing.
  case undefined(String)
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  /// A string that `safe` or `escape` has marked: plain strings joined to it are escaped for HTML.
  case markup(String)
  case list([TemplateValue])
  case tuple([TemplateValue])
  /// A pair of `groupby`, whose halves have names.
  case group(TemplateValue, [TemplateValue])
  case mapping(TemplateMapping)
  case view(TemplateView)
  case range(TemplateRange)
  case iterator(TemplateIterator)
  case namespace(TemplateNamespace)
  case macro(TemplateMacro)
  case function(TemplateFunction)
  /// A method that an attribute named: `text.strip`, `message.get`.
  case method(TemplateValue, String)
  case loop(LoopState)
}

/// `namespace(…)`: the one value whose attributes a template may set.
final class TemplateNamespace {
  private(set) var attributes = TemplateMapping()

  /// Sets an attribute. Names that begin with an underline are Python's own.
  func set(_ name: String, _ value: TemplateValue) throws(TemplateError) {
    guard !name.utf8.starts(with: "_".utf8) else {
      throw TemplateError("a namespace may not have the attribute '\(name)'; rename it")
    }
    attributes[name] = value
  }
}

/// A macro with the scope it was defined in.
final class TemplateMacro {
  let definition: MacroDefinition
  let scope: Scope

  init(_ definition: MacroDefinition, scope: Scope) {
    (self.definition, self.scope) = (definition, scope)
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

  var isUndefined: Bool { if case .undefined = self { true } else { false } }
  var isNone: Bool { if case .none = self { true } else { false } }

  /// The text of a string, marked or not.
  var string: String? {
    switch self {
    case .string(let text), .markup(let text): text
    default: nil
    }
  }

  /// The elements of a list or a tuple.
  var elements: [TemplateValue]? {
    switch self {
    case .list(let elements), .tuple(let elements): elements
    case .group(let key, let members): [key, .list(members)]
    default: nil
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

  /// The message a value is, if it is one.
  var message: Int? { if case .mapping(let mapping) = self { mapping.message } else { nil } }

  /// How an error names the kind.
  var kind: String {
    switch self {
    case .undefined: "an undefined value"
    case .none: "none"
    case .bool: "a boolean"
    case .int, .double: "a number"
    case .string, .markup: "a string"
    case .list: "a list"
    case .tuple, .group: "a tuple"
    case .mapping: "a mapping"
    case .view(let view): "what \(view.part.rawValue)() gives"
    case .range: "a range"
    case .iterator: "a generator"
    case .namespace: "a namespace"
    case .macro: "a macro"
    case .function, .method: "a function"
    case .loop: "the loop"
    }
  }
}

// MARK: As a collection

extension TemplateValue {
  /// Python's truth: empty, zero, none and undefined are false. A generator is true, even an empty
  /// one: nobody has asked it yet.
  var isTrue: Bool {
    switch self {
    case .undefined, .none: false
    case .bool(let value): value
    case .int(let value): value != 0
    case .double(let value): value != 0
    case .string(let text), .markup(let text): !text.isEmpty
    case .list(let elements), .tuple(let elements): !elements.isEmpty
    case .mapping(let mapping): mapping.count > 0
    case .view(let view): view.mapping.count > 0
    case .range(let range): range.count > 0
    default: true
    }
  }

  /// What a loop runs over: elements, keys, or characters (code points, as in Python).
  func iterator() throws(TemplateError) -> TemplateIterator {
    if case .iterator(let iterator) = self { return iterator }
    return TemplateIterator(try iterated())
  }

  /// All of `iterator()`.
  func iterated() throws(TemplateError) -> [TemplateValue] {
    switch self {
    case .undefined: return []
    case .list(let elements), .tuple(let elements): return elements
    case .group: return elements ?? []
    case .mapping(let mapping): return mapping.keys
    case .view(let view): return view.elements
    case .range(let range): return range.elements
    case .string(let text), .markup(let text):
      return text.unicodeScalars.map { .string(String($0)) }
    case .iterator(let iterator): return try iterator.rest()
    default: throw TemplateError("\(kind) cannot be looped over")
    }
  }

  /// Python's `len`.
  func count() throws(TemplateError) -> Int {
    switch self {
    case .undefined: return 0
    case .string(let text), .markup(let text): return text.unicodeScalars.count
    case .mapping(let mapping): return mapping.count
    case .view(let view): return view.mapping.count
    case .range(let range): return range.count
    case .loop(let loop): return try loop.length()
    default:
      guard let elements else { throw TemplateError("\(kind) has no length") }
      return elements.count
    }
  }
}
