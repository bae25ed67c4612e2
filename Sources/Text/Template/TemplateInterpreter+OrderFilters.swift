// Filters that compare items: sorting, grouping, sums.

extension TemplateInterpreter {
  func orderFilter(_ value: TemplateValue, _ name: String, _ bound: BoundArguments)
    throws(TemplateError) -> TemplateValue
  {
    switch name {
    case "sort":
      let key = try keys(bound[2], isCaseSensitive: bound.isTrue(1))
      return .list(
        try TemplateValue.sorted(value.iterated(), isReversed: bound.isTrue(0), by: key))
    case "dictsort": return .list(try dictionarySorted(value, bound))
    case "unique": return .iterator(unique(value, bound))
    case "groupby": return .list(try grouped(value, bound))
    case "sum":
      let path = bound[0] ?? .none
      var total = bound[1] ?? .int(0)
      guard total.string == nil else { throw TemplateError("the filter 'sum' adds no strings") }
      for item in try value.iterated() {
        total = try total.applying(.add, attribute(path, of: item))
      }
      return total
    default:
      let key = key(bound[1], isCaseSensitive: bound.isTrue(0))
      return try extreme(value, isGreatest: name == "max", by: key)
    }
  }

  /// The first item of each key, one by one.
  private func unique(_ value: TemplateValue, _ bound: BoundArguments) -> TemplateIterator {
    var (items, seen) = (TemplateIterator?.none, Set<TemplateKey>())
    return TemplateIterator { [unowned self] () throws(TemplateError) in
      if items == nil { items = try value.iterator() }
      while let source = items, let item = try source.next() {
        let found = try key(bound[1], isCaseSensitive: bound.isTrue(0))(item)
        if seen.insert(try TemplateKey(found)).inserted { return item }
      }
      return nil
    }
  }

  private typealias Key = (TemplateValue) throws(TemplateError) -> TemplateValue

  /// What items are compared by: an attribute or the item, in small letters unless case counts.
  private func key(_ path: TemplateValue?, isCaseSensitive: Bool, fallback: TemplateValue? = nil)
    -> Key
  {
    { [self] (item) throws(TemplateError) in
      let found = try attribute(path ?? .none, of: item, fallback: fallback)
      guard let text = found.string, !isCaseSensitive else { return found }
      return .string(text.pythonLowercased)
    }
  }

  /// The same for several attributes with commas between them.
  private func keys(_ paths: TemplateValue?, isCaseSensitive: Bool) throws(TemplateError) -> Key {
    var parts: [TemplateValue?] = [paths]
    if let text = paths?.string {
      parts = try text.split(by: ",", limit: -1, fromRight: false).map { .string($0) }
    }
    let keys = parts.map { key($0, isCaseSensitive: isCaseSensitive) }
    return { (item) throws(TemplateError) in
      .list(try keys.map { (key) throws(TemplateError) in try key(item) })
    }
  }

  private func extreme(_ value: TemplateValue, isGreatest: Bool, by key: Key)
    throws(TemplateError) -> TemplateValue
  {
    var best: (key: TemplateValue, item: TemplateValue)?
    for item in try value.iterated() {
      let key = try key(item)
      guard let held = best else {
        best = (key, item)
        continue
      }
      let isBetter = isGreatest ? try held.key.isLess(than: key) : try key.isLess(than: held.key)
      if isBetter { best = (key, item) }
    }
    return best?.item ?? .undefined("there are no items to compare")
  }

  private func grouped(_ value: TemplateValue, _ bound: BoundArguments) throws(TemplateError)
    -> [TemplateValue]
  {
    let isCaseSensitive = bound.isTrue(2)
    let compared = key(bound[0], isCaseSensitive: isCaseSensitive, fallback: bound[1])
    let shown = key(bound[0], isCaseSensitive: true, fallback: bound[1])
    var groups: [(key: TemplateValue, items: [TemplateValue])] = []
    for item in try TemplateValue.sorted(value.iterated(), by: compared) {
      let key = try compared(item)
      if let last = groups.last, last.key.equals(key) {
        groups[groups.count - 1].items.append(item)
      } else {
        groups.append((key, [item]))
      }
    }
    return try groups.map { (group) throws(TemplateError) in
      .group(isCaseSensitive ? group.key : try shown(group.items[0]), group.items)
    }
  }

  private func dictionarySorted(_ value: TemplateValue, _ bound: BoundArguments)
    throws(TemplateError) -> [TemplateValue]
  {
    guard case .mapping(let mapping) = value else {
      throw TemplateError("the filter 'dictsort' asks for a mapping, not \(value.kind)")
    }
    let by = try bound.text(1) ?? "key"
    guard by == "key" || by == "value" else {
      throw TemplateError("dictsort sorts by 'key' or by 'value', not by '\(by)'")
    }
    let key = key(.int(by == "value" ? 1 : 0), isCaseSensitive: bound.isTrue(0))
    return try TemplateValue.sorted(mapping.items, isReversed: bound.isTrue(2), by: key)
  }
}
