// Equality, order and containment as in Python.

extension TemplateValue {
  func equals(_ other: TemplateValue) -> Bool {
    if let left = number, let right = other.number {
      if let left = integer, let right = other.integer { return left == right }
      return left == right
    }
    if let left = string, let right = other.string { return left.isIdentical(to: right) }
    switch (self, other) {
    case (.undefined, .undefined), (.none, .none): return true
    case (.list(let left), .list(let right)): return Self.equal(left, right)
    case (.tuple, .tuple), (.tuple, .group), (.group, .tuple), (.group, .group):
      return Self.equal(elements ?? [], other.elements ?? [])
    case (.mapping(let left), .mapping(let right)): return Self.equal(left, right)
    case (.range(let left), .range(let right)): return Self.equal(left.elements, right.elements)
    case (.view(let left), .view(let right)):
      // Views of keys and of items are compared as sets; two of values are different objects.
      guard left.part == right.part, left.part != .values else { return false }
      return left.elements.count == right.elements.count
        && left.elements.allSatisfy { element in right.elements.contains { $0.equals(element) } }
    case (.iterator(let left), .iterator(let right)): return left === right
    case (.namespace(let left), .namespace(let right)): return left === right
    case (.macro(let left), .macro(let right)): return left === right
    default: return false
    }
  }

  private static func equal(_ left: [TemplateValue], _ right: [TemplateValue]) -> Bool {
    left.count == right.count && zip(left, right).allSatisfy { $0.equals($1) }
  }

  private static func equal(_ left: TemplateMapping, _ right: TemplateMapping) -> Bool {
    left.count == right.count
      && zip(left.keys, left.values).allSatisfy { key, value in
        guard let key = try? TemplateKey(key) else { return false }
        return right[key]?.equals(value) == true
      }
  }

  func isLess(than other: TemplateValue) throws(TemplateError) -> Bool {
    if let left = number, let right = other.number {
      if let left = integer, let right = other.integer { return left < right }
      return left < right
    }
    if let left = string, let right = other.string { return left.precedes(right) }
    switch (self, other) {
    case (.undefined(let reason), _), (_, .undefined(let reason)):
      throw TemplateError("\(reason), so it cannot be compared")
    case (.list, .list), (.tuple, .tuple), (.tuple, .group), (.group, .tuple), (.group, .group):
      let (left, right) = (elements ?? [], other.elements ?? [])
      for (first, second) in zip(left, right) where !first.equals(second) {
        return try first.isLess(than: second)
      }
      return left.count < right.count
    default: throw TemplateError("\(kind) and \(other.kind) cannot be put in order")
    }
  }

  /// `item in self`
  func contains(_ item: TemplateValue) throws(TemplateError) -> Bool {
    switch self {
    case .undefined: return false
    case .mapping(let mapping): return mapping[try TemplateKey(item)] != nil
    case .string(let text), .markup(let text):
      guard let part = item.string else {
        throw TemplateError("'in' a string asks for a string, not \(item.kind)")
      }
      return text.firstRange(of: part, from: 0) != nil
    case .range(let range): return range.contains(item)
    case .view(let view) where view.part == .keys:
      return view.mapping[try TemplateKey(item)] != nil
    case .view(let view): return view.elements.contains { $0.equals(item) }
    case .iterator(let iterator):
      while let next = try iterator.next() { if next.equals(item) { return true } }
      return false
    default:
      guard let elements else {
        throw TemplateError("\(kind) contains nothing; 'in' asks for a list or a mapping")
      }
      return elements.contains { $0.equals(item) }
    }
  }

  func compared(_ comparison: ComparisonOperator, _ other: TemplateValue)
    throws(TemplateError) -> Bool
  {
    switch comparison {
    case .equal: equals(other)
    case .notEqual: !equals(other)
    case .less: try isLess(than: other)
    case .greater: try other.isLess(than: self)
    case .lessOrEqual: try isLess(than: other) || equals(other)
    case .greaterOrEqual: try other.isLess(than: self) || equals(other)
    case .isIn: try other.contains(self)
    case .isNotIn: try !other.contains(self)
    }
  }

  /// A stable order, as Python's `sorted`; equal ones keep their order in a reversed one too.
  static func sorted(
    _ values: [TemplateValue], isReversed: Bool = false,
    by key: (TemplateValue) throws(TemplateError) -> TemplateValue
  ) throws(TemplateError) -> [TemplateValue] {
    var result: [(key: TemplateValue, value: TemplateValue)] = []
    for value in values {
      let key = try key(value)
      var (low, high) = (0, result.count)
      while low < high {
        let middle = (low + high) / 2
        let goesBefore =
          isReversed
          ? try result[middle].key.isLess(than: key) : try key.isLess(than: result[middle].key)
        if goesBefore { high = middle } else { low = middle + 1 }
      }
      result.insert((key, value), at: low)
    }
    return result.map(\.value)
  }
}

extension String {
  /// The byte offset of the first `part` at or after byte `start`.
  func firstRange(of part: String, from start: Int) -> Int? {
    var (text, part) = (self, part)
    return text.withUTF8 { text in
      part.withUTF8 { part in
        guard start + part.count <= text.count else { return nil }
        for index in start...text.count - part.count
        where text[index..<index + part.count].elementsEqual(part) {
          return index
        }
        return nil
      }
    }
  }

  /// The text of a range of UTF-8 bytes that begins and ends between characters.
  func bytes(_ range: Range<Int>) -> String {
    String(decoding: Array(utf8)[range], as: UTF8.self)
  }
}
