/// What a Split or a Replace looks for in a text.
enum TextPattern: Sendable {
  case literal([UInt8])
  case expression(RegularExpression)
  /// Each scalar of some classes by itself.
  case classes(CharacterClass)
  /// Each scalar of a table by itself.
  case scalars(ScalarTable)

  /// The matches from left to right.
  func matches(in text: Characters) -> [Range<Int>] {
    switch self {
    case .expression(let expression): return expression.matches(in: text)
    case .literal(let bytes): return Self.matches(of: bytes, in: text)
    case .classes(let classes):
      return Self.matches(in: text) { !text.classes[Int($0)].isDisjoint(with: classes) }
    case .scalars(let table): return Self.matches(in: text, where: table.contains)
    }
  }

  private static func matches(of wanted: [UInt8], in text: Characters) -> [Range<Int>] {
    guard let first = wanted.first else { return [] }
    var matches: [Range<Int>] = []
    var index = 0
    while index + wanted.count <= text.count {
      if text.bytes[index] == first,
        text.bytes[index..<index + wanted.count].elementsEqual(wanted)
      {
        matches.append(index..<index + wanted.count)
        index += wanted.count
      } else {
        index += 1
      }
    }
    return matches
  }

  private static func matches(in text: Characters, where isWanted: (UInt32) -> Bool)
    -> [Range<Int>]
  {
    var matches: [Range<Int>] = []
    var index = 0
    while index < text.count {
      let (scalar, length) = text.scalar(at: index)
      if isWanted(scalar) { matches.append(index..<index + length) }
      index += length
    }
    return matches
  }
}
