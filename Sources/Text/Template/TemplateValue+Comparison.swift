// Equality, order and containment as in Python.

extension TemplateValue {
  func equals(_ other: TemplateValue) -> Bool {
    if let left = number, let right = other.number {
      if let left = integer, let right = other.integer { return left == right }
      return left == right
    }
    switch (self, other) {
    case (.undefined, .undefined), (.none, .none): return true
    case (.string(let left), .string(let right)): return left.isIdentical(to: right)
    case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
      return left.count == right.count && zip(left, right).allSatisfy { $0.equals($1) }
    case (.mapping(let left), .mapping(let right)):
      return left.keys.count == right.keys.count
        && left.keys.allSatisfy { key in
          guard let first = left[key], let second = right[key] else { return false }
          return first.equals(second)
        }
    case (.namespace(let left), .namespace(let right)): return left === right
    case (.macro(let left), .macro(let right)): return left === right
    default: return false
    }
  }

  func isLess(than other: TemplateValue) throws(TemplateError) -> Bool {
    if let left = number, let right = other.number {
      if let left = integer, let right = other.integer { return left < right }
      return left < right
    }
    switch (self, other) {
    case (.string(let left), .string(let right)): return left.precedes(right)
    case (.list(let left), .list(let right)), (.tuple(let left), .tuple(let right)):
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
    case .list(let elements), .tuple(let elements): return elements.contains { $0.equals(item) }
    case .mapping(let mapping):
      guard case .string(let key) = item else { return false }
      return mapping[key] != nil
    case .string(let text):
      guard case .string(let part) = item else {
        throw TemplateError("'in' a string asks for a string, not \(item.kind)")
      }
      return text.firstRange(of: part, from: 0) != nil
    default: throw TemplateError("\(kind) contains nothing; 'in' asks for a list or a mapping")
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

  /// A stable order, as Python's `sorted`.
  static func sorted(
    _ values: [TemplateValue], by key: (TemplateValue) throws(TemplateError) -> TemplateValue
  ) throws(TemplateError) -> [TemplateValue] {
    var result: [(key: TemplateValue, value: TemplateValue)] = []
    for value in values {
      let key = try key(value)
      var index = result.count
      while index > 0, try key.isLess(than: result[index - 1].key) { index -= 1 }
      result.insert((key, value), at: index)
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
