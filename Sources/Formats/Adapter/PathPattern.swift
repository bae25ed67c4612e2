/// A regular expression that is held against a module's path, as Python's `re.fullmatch` holds it.
///
/// Only whether a path matches is asked for, never where groups lie, so greedy and lazy quantifiers
/// mean the same, and matching goes by sets of places: no pattern takes exponential time. What that
/// cannot express (back references, atomic groups, conditions) is refused when the pattern is read.
public struct PathPattern: Sendable, Hashable {
  /// The pattern as it was written.
  public let text: String
  let root: Node

  /// Reads a pattern; the fault says what in it cannot be read.
  public init(_ text: String) throws(PathPatternFault) {
    var parser = PathPatternParser(text)
    root = try parser.pattern()
    self.text = text
  }

  /// Whether all of `path` matches.
  public func matchesWhole(_ path: String) -> Bool {
    let scalars = Array(path.unicodeScalars)
    return PathMatcher(scalars).places(after: root, from: [0])[scalars.count]
  }
}

/// Why a pattern cannot be read.
public struct PathPatternFault: Error, Sendable, Hashable, CustomStringConvertible {
  /// "a back reference \1 at character 5".
  public let description: String
}

extension PathPattern {
  /// What a pattern is made of.
  indirect enum Node: Sendable, Hashable {
    case one(ScalarClass)
    case sequence([Node])
    case alternatives([Node])
    /// At least `minimum` times, at most `maximum` times.
    case repeated(Node, minimum: Int, maximum: Int?)
    /// What follows, or precedes, matches; or it does not.
    case look(Node, isAhead: Bool, isNegated: Bool)
    case edge(Edge)
  }

  /// Places that have no width.
  enum Edge: Sendable, Hashable { case start, end, wordBoundary, notWordBoundary }

  /// A set of characters.
  struct ScalarClass: Sendable, Hashable {
    enum Member: Sendable, Hashable {
      case range(ClosedRange<Unicode.Scalar>)
      case digit, word, space
      indirect case not(Member)
    }
    var members: [Member]
    var isNegated = false, ignoresCase = false

    func contains(_ scalar: Unicode.Scalar) -> Bool {
      let spellings = ignoresCase ? scalar.spellings : [scalar]
      return spellings.contains { spelling in members.contains { $0.holds(spelling) } }
        != isNegated
    }
  }
}

extension PathPattern.ScalarClass.Member {
  func holds(_ scalar: Unicode.Scalar) -> Bool {
    switch self {
    case .range(let range): range.contains(scalar)
    case .digit: scalar.properties.generalCategory == .decimalNumber
    case .word: scalar.isWord
    case .space: scalar.properties.isWhitespace
    case .not(let member): !member.holds(scalar)
    }
  }
}

extension Unicode.Scalar {
  /// Whether `\w` matches it.
  fileprivate var isWord: Bool {
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .decimalNumber, .letterNumber, .otherNumber:
      true
    default: self == "_"
    }
  }

  /// It and its other case.
  fileprivate var spellings: [Unicode.Scalar] {
    [self]
      + [properties.lowercaseMapping, properties.uppercaseMapping].compactMap {
        $0.unicodeScalars.count == 1 ? $0.unicodeScalars.first : nil
      }
  }
}

/// Follows a pattern through one path.
private struct PathMatcher {
  let scalars: [Unicode.Scalar]

  init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

  /// A flag for each place between characters, both ends included.
  typealias Places = [Bool]

  func places(after node: PathPattern.Node, from starts: [Int]) -> Places {
    var places = Places(repeating: false, count: scalars.count + 1)
    for start in starts { places[start] = true }
    return after(node, places)
  }

  private func after(_ node: PathPattern.Node, _ places: Places) -> Places {
    switch node {
    case .one(let set):
      var next = Places(repeating: false, count: places.count)
      for place in scalars.indices where places[place] && set.contains(scalars[place]) {
        next[place + 1] = true
      }
      return next
    case .sequence(let nodes): return nodes.reduce(places) { after($1, $0) }
    case .alternatives(let nodes):
      return nodes.map { after($0, places) }.reduce(places.map { _ in false }, Self.union)
    case .repeated(let node, let minimum, let maximum):
      return repeated(node, minimum, maximum, places)
    case .look(let node, let isAhead, let isNegated):
      let behind = isAhead ? [] : after(node, places.map { _ in true })
      return filter(places) { place in
        let matches =
          isAhead ? self.places(after: node, from: [place]).contains(true) : behind[place]
        return matches != isNegated
      }
    case .edge(let edge): return filter(places) { holds(edge, at: $0) }
    }
  }

  private func repeated(
    _ node: PathPattern.Node, _ minimum: Int, _ maximum: Int?, _ places: Places
  ) -> Places {
    var places = places
    for _ in 0..<minimum {
      let next = after(node, places)
      if next == places { break }
      places = next
    }
    var all = places
    for _ in 0..<((maximum ?? .max) - minimum) {
      places = after(node, places)
      let more = Self.union(all, places)
      if more == all { break }
      all = more
    }
    return all
  }

  private func filter(_ places: Places, _ holds: (Int) -> Bool) -> Places {
    places.indices.map { places[$0] && holds($0) }
  }

  private static func union(_ a: Places, _ b: Places) -> Places {
    zip(a, b).map { $0 || $1 }
  }

  private func holds(_ edge: PathPattern.Edge, at place: Int) -> Bool {
    switch edge {
    case .start: return place == 0
    case .end: return place == scalars.count
    case .wordBoundary, .notWordBoundary:
      let before = place > 0 && scalars[place - 1].isWord
      let after = place < scalars.count && scalars[place].isWord
      return (before != after) == (edge == .wordBoundary)
    }
  }
}
