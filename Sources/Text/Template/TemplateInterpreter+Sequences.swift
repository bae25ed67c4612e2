// Filters over lists and mappings.

extension TemplateInterpreter {
  /// `a.b.0` of a value, as the `attribute` argument of filters spells it; `fallback` stands for
  /// whatever is missing on the way.
  func attribute(_ path: TemplateValue, of value: TemplateValue, fallback: TemplateValue? = nil)
    throws(TemplateError) -> TemplateValue
  {
    if path.integer != nil { return try value.element(path) }
    var value = value
    for part in try path.text.split(by: ".", limit: -1, fromRight: false) {
      value = try value.element(Int(part).map { .int($0) } ?? .string(part))
      if value.isUndefined, let fallback { value = fallback }
    }
    return value
  }

  func mapped(_ value: TemplateValue, _ arguments: CallArguments)
    throws(TemplateError) -> [TemplateValue]
  {
    let items = try value.iterated()
    if let path = arguments.named.first(where: { $0.name == "attribute" })?.value {
      let fallback = arguments.named.first { $0.name == "default" }?.value
      return try items.map { (item) throws(TemplateError) in
        try attribute(path, of: item, fallback: fallback)
      }
    }
    guard case .string(let name)? = arguments.positional.first else {
      throw TemplateError("filter 'map' asks for a filter's name or attribute=…")
    }
    return try items.map { (item) throws(TemplateError) in
      try filter(item, name, arguments.rest)
    }
  }

  /// `select`, `reject`, `selectattr` and `rejectattr`.
  func selected(_ value: TemplateValue, _ name: String, _ arguments: CallArguments)
    throws(TemplateError) -> [TemplateValue]
  {
    var arguments = arguments
    var path: TemplateValue?
    if name.utf8.count > 6 {
      path = arguments.positional.first
      guard path != nil else { throw TemplateError("filter '\(name)' asks for an attribute") }
      arguments = arguments.rest
    }
    let keeps = name.utf8.starts(with: "select".utf8)
    return try value.iterated().keeping { (item) throws(TemplateError) in
      let subject =
        try path.map { (path) throws(TemplateError) in try attribute(path, of: item) }
        ?? item
      guard let test = arguments.positional.first else { return subject.isTrue == keeps }
      return try subject.passes(test.text, arguments.rest) == keeps
    }
  }

  /// `unique`, `sort`, `sum`, `min` and `max`.
  func folded(_ value: TemplateValue, _ name: String, _ arguments: CallArguments)
    throws(TemplateError) -> TemplateValue
  {
    let items = try value.iterated()
    let path = arguments.named.first { $0.name == "attribute" }?.value
    let positions = ["sort": 1, "unique": 0, "min": 0, "max": 0]
    let isCaseSensitive =
      positions[name].flatMap { arguments[$0, "case_sensitive"] }?.isTrue ?? false
    func key(_ item: TemplateValue) throws(TemplateError) -> TemplateValue {
      let found =
        try path.map { (path) throws(TemplateError) in try attribute(path, of: item) }
        ?? item
      if case .string(let text) = found, !isCaseSensitive, name != "sum" {
        return .string(text.lowercased())
      }
      return found
    }
    switch name {
    case "sum":
      var total = arguments[1, "start"] ?? .int(0)
      for item in items { total = try total.applying(.add, key(item)) }
      return total
    case "unique": return .list(try unique(items, by: key))
    case "sort":
      guard arguments[0, "reverse"]?.isTrue == true else {
        return .list(try TemplateValue.sorted(items, by: key))
      }
      return .list(Array(try TemplateValue.sorted(items.reversed(), by: key).reversed()))
    default:
      let sorted = try TemplateValue.sorted(items, by: key)
      guard let least = sorted.first, let last = sorted.last else {
        return .undefined("there is no \(name) of nothing")
      }
      if name == "min" { return least }
      let greatest = try key(last)
      return try items.keeping { (item) throws(TemplateError) in try key(item).equals(greatest) }[0]
    }
  }

  private func unique(
    _ items: [TemplateValue], by key: (TemplateValue) throws(TemplateError) -> TemplateValue
  ) throws(TemplateError) -> [TemplateValue] {
    var seen: [TemplateValue] = []
    return try items.keeping { (item) throws(TemplateError) in
      let key = try key(item)
      if seen.contains(where: { $0.equals(key) }) { return false }
      seen.append(key)
      return true
    }
  }

  func dictionarySorted(_ value: TemplateValue, _ arguments: CallArguments)
    throws(TemplateError) -> TemplateValue
  {
    guard case .mapping(let mapping) = value else {
      throw TemplateError("filter 'dictsort' asks for a mapping, not \(value.kind)")
    }
    let isCaseSensitive = arguments[0, "case_sensitive"]?.isTrue ?? false
    let position = arguments[1, "by"]?.text == "value" ? 1 : 0
    let sorted = try TemplateValue.sorted(mapping.items) { (item) throws(TemplateError) in
      let key = try item.element(.int(position))
      if case .string(let text) = key, !isCaseSensitive { return .string(text.lowercased()) }
      return key
    }
    return .list(arguments[2, "reverse"]?.isTrue == true ? sorted.reversed() : sorted)
  }
}

extension Array {
  /// `filter` with a typed error, which the standard library's does not carry.
  func keeping(_ keeps: (Element) throws(TemplateError) -> Bool) throws(TemplateError) -> [Element]
  {
    var result: [Element] = []
    for element in self where try keeps(element) { result.append(element) }
    return result
  }
}
