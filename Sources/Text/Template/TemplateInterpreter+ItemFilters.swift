// Filters over the items of lists and mappings.

extension TemplateInterpreter {
  /// `a.b.0` of a value, as the `attribute` argument of filters spells it; `fallback` stands for
  /// whatever is missing on the way.
  func attribute(_ path: TemplateValue, of value: TemplateValue, fallback: TemplateValue? = nil)
    throws(TemplateError) -> TemplateValue
  {
    if path.isNone { return value }
    var parts = [path]
    if let text = path.string {
      parts = try text.split(by: ".", limit: -1, fromRight: false)
        .map { part in part.isMade(of: "isdigit") ? Int(part).map { .int($0) } : .string(part) }
        .compactMap { $0 }
    }
    var value = value
    for part in parts {
      value = try value.element(part)
      if value.isUndefined, let fallback, !fallback.isNone { value = fallback }
    }
    return value
  }

  /// The items one by one as `transform` makes them; those it makes nil are left out. Nothing comes
  /// of a value that is false, whatever its kind.
  private func lazily(
    _ value: TemplateValue,
    _ transform: @escaping (TemplateValue) throws(TemplateError) -> TemplateValue?
  ) -> TemplateIterator {
    var source: TemplateIterator?
    return TemplateIterator { () throws(TemplateError) in
      guard value.isTrue else { return nil }
      if source == nil { source = try value.iterator() }
      while let items = source, let item = try items.next() {
        if let result = try transform(item) { return result }
      }
      return nil
    }
  }

  func mapped(_ value: TemplateValue, _ arguments: CallArguments) -> TemplateIterator {
    lazily(value) { [unowned self] (item) throws(TemplateError) in
      if let name = arguments.positional.first {
        return try filter(item, try name.text(), arguments.rest)
      }
      let bound = try arguments.bound(to: "[attribute] [default]", of: "map")
      guard let path = bound[0] else {
        throw TemplateError("the filter 'map' asks for a filter's name or attribute=…")
      }
      return try attribute(path, of: item, fallback: bound[1])
    }
  }

  /// `select`, `reject`, `selectattr` and `rejectattr`.
  func selected(_ value: TemplateValue, _ name: String, _ arguments: CallArguments)
    -> TemplateIterator
  {
    let keeps = name == "select" || name == "selectattr"
    let readsAttribute = name == "selectattr" || name == "rejectattr"
    return lazily(value) { [unowned self] (item) throws(TemplateError) in
      var (subject, arguments) = (item, arguments)
      if readsAttribute {
        guard let path = arguments.positional.first else {
          throw TemplateError("the filter '\(name)' asks for an attribute")
        }
        subject = try attribute(path, of: item)
        arguments = arguments.rest
      }
      guard let test = arguments.positional.first else {
        return subject.isTrue == keeps ? item : nil
      }
      return try subject.passes(try test.text(), arguments.rest) == keeps ? item : nil
    }
  }

  /// Filters that give items or groups of them; nil for other filters.
  func itemFilter(_ value: TemplateValue, _ name: String, _ bound: BoundArguments)
    throws(TemplateError) -> TemplateValue?
  {
    switch name {
    case "first": return try value.iterator().next() ?? .undefined("there is no first item")
    case "last":
      if case .iterator = value { throw TemplateError("a generator has no last item") }
      return try value.iterated().last ?? .undefined("there is no last item")
    case "list": return .list(try value.iterated())
    case "items":
      return .iterator(
        later { () throws(TemplateError) in
          if value.isUndefined { return [] }
          guard case .mapping(let mapping) = value else {
            throw TemplateError("the filter 'items' asks for a mapping, not \(value.kind)")
          }
          return mapping.items
        })
    case "reverse": return try reversed(value)
    case "join":
      let path = bound[1] ?? .none
      let parts = try value.iterated().map { (item) throws(TemplateError) in
        try attribute(path, of: item).text()
      }
      return .string(parts.joined(separator: try bound[0]?.text() ?? ""))
    case "batch", "slice":
      return .iterator(
        later { [unowned self] () throws(TemplateError) in
          try groups(value, isBatch: name == "batch", bound).map { .list($0) }
        })
    default: return nil
    }
  }

  /// Values that are made when the first of them is asked for, as a generator makes its own.
  private func later(_ make: @escaping () throws(TemplateError) -> [TemplateValue])
    -> TemplateIterator
  {
    var made: TemplateIterator?
    return TemplateIterator { () throws(TemplateError) in
      if made == nil { made = TemplateIterator(try make()) }
      return try made?.next()
    }
  }

  private func reversed(_ value: TemplateValue) throws(TemplateError) -> TemplateValue {
    if let text = value.string {
      return value.marked(String(String.UnicodeScalarView(text.unicodeScalars.reversed())))
    }
    let items = Array(try value.iterated().reversed())
    if case .iterator = value { return .list(items) }
    return .iterator(TemplateIterator(items))
  }

  /// The groups of `batch` and `slice`.
  private func groups(_ value: TemplateValue, isBatch: Bool, _ bound: BoundArguments)
    throws(TemplateError) -> [[TemplateValue]]
  {
    let items = try value.iterated()
    let count = try bound.integer(0) ?? 0
    guard count > 0 else {
      throw TemplateError("the filter '\(bound.function)' asks for a number above 0")
    }
    let fill = bound[1].flatMap { $0.isNone ? nil : $0 }
    return isBatch ? batches(items, count, fill) : slices(items, count, fill)
  }

  /// Groups of `count`, the last one filled up.
  private func batches(_ items: [TemplateValue], _ count: Int, _ fill: TemplateValue?)
    -> [[TemplateValue]]
  {
    stride(from: 0, to: items.count, by: count).map { start in
      let group = Array(items[start..<min(start + count, items.count)])
      guard let fill else { return group }
      return group + Array(repeating: fill, count: count - group.count)
    }
  }

  /// `count` groups, the first ones with one more where it does not come out even.
  private func slices(_ items: [TemplateValue], _ count: Int, _ fill: TemplateValue?)
    -> [[TemplateValue]]
  {
    let (size, extra) = (items.count / count, items.count % count)
    var start = 0
    return (0..<min(count, 1 << 16)).map { index in
      let end = start + size + (index < extra ? 1 : 0)
      defer { start = end }
      let group = Array(items[start..<end])
      return index >= extra ? group + (fill.map { [$0] } ?? []) : group
    }
  }
}
