// Attributes, elements and slices.

extension TemplateValue {
  private static let mappingMethods: Set<String> = [
    "items", "keys", "values", "get", "copy", "fromkeys",
  ]
  /// Methods that Python has and chat templates may not call.
  private static let mappingChanges: Set<String> = [
    "clear", "pop", "popitem", "setdefault", "update",
  ]
  private static let listChanges: Set<String> = [
    "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort",
  ]

  /// What Python's `getattr` finds: a method or a member of the value's own kind.
  func ownAttribute(_ name: String) throws(TemplateError) -> TemplateValue? {
    switch self {
    case .mapping:
      if Self.mappingChanges.contains(name) { return changing(name) }
      return Self.mappingMethods.contains(name) ? .method(self, name) : nil
    case .namespace(let namespace): return namespace.attributes[name]
    case .loop(let loop):
      if ["cycle", "changed"].contains(name) { return .method(self, name) }
      return try loop.attribute(name)
    case .string, .markup: return Self.stringMethods[name] != nil ? .method(self, name) : nil
    case .list:
      if Self.listChanges.contains(name) { return changing(name) }
      return ["index", "count", "copy"].contains(name) ? .method(self, name) : nil
    case .tuple: return ["index", "count"].contains(name) ? .method(self, name) : nil
    case .group(let key, let members):
      return name == "grouper"
        ? key : name == "list" ? .list(members) : try TemplateValue.tuple([]).ownAttribute(name)
    case .range(let range):
      let bounds = ["start": range.start, "stop": range.stop, "step": range.step]
      return bounds[name].map { .int($0) }
    case .macro(let macro): return macro.attribute(name)
    case .function(let function): return function.attribute(name, of: self)
    case .int, .bool: return integerAttribute(name)
    case .double: return name == "is_integer" ? .method(self, name) : nil
    default: return nil
    }
  }

  private func changing(_ name: String) -> TemplateValue {
    .undefined("'\(name)' changes \(kind), which templates may not do")
  }

  private func integerAttribute(_ name: String) -> TemplateValue? {
    switch name {
    case "real", "numerator": .int(integer ?? 0)
    case "imag": .int(0)
    case "denominator": .int(1)
    default: nil
    }
  }

  /// `value.name`: an attribute if the kind has one, else the member of that name.
  func attribute(_ name: String) throws(TemplateError) -> TemplateValue {
    if case .undefined(let reason) = self {
      throw TemplateError("\(reason), so it has no attribute '\(name)'")
    }
    if let own = try ownAttribute(name) { return own }
    if case .mapping(let mapping) = self, let value = mapping[name] { return value }
    return .undefined("\(kind) has no attribute '\(name)'")
  }

  /// `value[index]`: an element, else the attribute of that name.
  func element(_ index: TemplateValue) throws(TemplateError) -> TemplateValue {
    if case .undefined(let reason) = self {
      throw TemplateError("\(reason), so it has no element [\(try index.representation())]")
    }
    if let found = try item(index) { return found }
    if let name = index.string, let own = try ownAttribute(name) { return own }
    return .undefined("\(kind) has no element [\(try index.representation())]")
  }

  private func item(_ index: TemplateValue) throws(TemplateError) -> TemplateValue? {
    if case .mapping(let mapping) = self {
      guard let key = try? TemplateKey(index) else { return nil }
      return mapping[key]
    }
    guard let position = index.integer else { return nil }
    let items: [TemplateValue]
    switch self {
    case .string(let text), .markup(let text):
      items = text.unicodeScalars.map { marked(String($0)) }
    case .range(let range): items = range.elements
    default:
      guard let elements else { return nil }
      items = elements
    }
    let wrapped = position < 0 ? position + items.count : position
    return items.indices.contains(wrapped) ? items[wrapped] : nil
  }

  /// A text that is marked if this is.
  func marked(_ text: String) -> TemplateValue {
    if case .markup = self { .markup(text) } else { .string(text) }
  }

  // MARK: Slices

  /// `value[start:stop:step]`
  func slice(_ start: Int?, _ stop: Int?, _ step: Int?) throws(TemplateError) -> TemplateValue {
    switch self {
    case .list(let elements): return .list(try Self.slice(elements, start, stop, step))
    case .tuple, .group: return .tuple(try Self.slice(elements ?? [], start, stop, step))
    case .string(let text), .markup(let text):
      let scalars = try Self.slice(Array(text.unicodeScalars), start, stop, step)
      return marked(String(String.UnicodeScalarView(scalars)))
    case .undefined(let reason): throw TemplateError("\(reason), so it cannot be sliced")
    default: throw TemplateError("\(kind) cannot be sliced")
    }
  }

  private static func slice<Element>(
    _ elements: [Element], _ start: Int?, _ stop: Int?, _ step: Int?
  ) throws(TemplateError) -> [Element] {
    let step = step ?? 1
    guard step != 0 else { throw TemplateError("the step of a slice must not be 0") }
    let (low, high) = step > 0 ? (0, elements.count) : (-1, elements.count - 1)
    func clamped(_ bound: Int) -> Int {
      min(max(bound < 0 ? bound + elements.count : bound, low), high)
    }
    var index = start.map(clamped) ?? (step > 0 ? low : high)
    let end = stop.map(clamped) ?? (step > 0 ? high : low)
    var result: [Element] = []
    while step > 0 ? index < end : index > end {
      result.append(elements[index])
      let (next, overflows) = index.addingReportingOverflow(step)
      if overflows { break }
      index = next
    }
    return result
  }
}

extension TemplateMacro {
  /// What Jinja tells of a macro.
  func attribute(_ name: String) -> TemplateValue? {
    switch name {
    case "name": .string(definition.name)
    case "arguments": .tuple(definition.parameters.map { .string($0.name) })
    case "catch_kwargs": .bool(definition.reads.contains("kwargs"))
    case "catch_varargs": .bool(definition.reads.contains("varargs"))
    case "caller": .bool(definition.reads.contains("caller"))
    default: nil
    }
  }
}

extension TemplateFunction {
  func attribute(_ name: String, of value: TemplateValue) -> TemplateValue? {
    switch (self, name) {
    case (.cycler(let cycler), "current"):
      return cycler.items[cycler.index]
    case (.cycler, "next"), (.cycler, "reset"), (.named("dict"), "fromkeys"):
      return .method(value, name)
    default: return nil
    }
  }
}
