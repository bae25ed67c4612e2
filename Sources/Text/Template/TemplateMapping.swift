/// A dictionary in the order of its keys.
struct TemplateMapping {
  private(set) var keys: [TemplateValue] = []
  private(set) var values: [TemplateValue] = []
  private var places: [TemplateKey: Int] = [:]
  /// Which message of the conversation this is. It stays with the value through slices, reversals
  /// and assignments, so that what a loop writes can be told to be of this message.
  var message: Int?

  var count: Int { keys.count }

  /// The member of that name.
  subscript(name: String) -> TemplateValue? {
    get { self[TemplateKey(text: name)] }
    set { self[TemplateKey(text: name), as: .string(name)] = newValue }
  }

  /// The member under any key.
  subscript(key: TemplateKey) -> TemplateValue? { places[key].map { values[$0] } }

  /// The same; a new key is kept as `written`.
  subscript(key: TemplateKey, as written: TemplateValue) -> TemplateValue? {
    get { self[key] }
    set {
      guard let newValue else { return }
      if let place = places[key] {
        values[place] = newValue
      } else {
        places[key] = keys.count
        keys.append(written)
        values.append(newValue)
      }
    }
  }

  /// Pairs of key and value.
  var items: [TemplateValue] { zip(keys, values).map { .tuple([$0, $1]) } }
}

/// A value as dictionaries look it up: 1, 1.0 and true are one key, and texts are compared code
/// point by code point.
enum TemplateKey: Hashable {
  case none
  case integer(Int)
  case real(Double)
  case text([UInt8])
  case tuple([TemplateKey])
  case undefined
  /// A value that is equal to itself alone.
  case object(ObjectIdentifier)

  init(text: String) { self = .text(Array(text.utf8)) }

  /// The key that a value is; an error for values that may not be one.
  init(_ value: TemplateValue) throws(TemplateError) {
    switch value {
    case .none: self = .none
    case .bool(let value): self = .integer(value ? 1 : 0)
    case .int(let value): self = .integer(value)
    case .double(let value): self = Int(exactly: value).map { .integer($0) } ?? .real(value)
    case .string(let text), .markup(let text): self.init(text: text)
    case .tuple(let elements):
      self = .tuple(
        try elements.map { (element) throws(TemplateError) in try TemplateKey(element) })
    case .undefined: self = .undefined
    case .iterator(let iterator): self = .object(ObjectIdentifier(iterator))
    case .namespace(let namespace): self = .object(ObjectIdentifier(namespace))
    case .macro(let macro): self = .object(ObjectIdentifier(macro))
    default: throw TemplateError("\(value.kind) cannot be a key")
    }
  }
}

/// `items()`, `keys()` or `values()` of a mapping.
struct TemplateView {
  enum Part: String { case items, keys, values }
  let part: Part
  let mapping: TemplateMapping

  var elements: [TemplateValue] {
    switch part {
    case .items: mapping.items
    case .keys: mapping.keys
    case .values: mapping.values
    }
  }
}
