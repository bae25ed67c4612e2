/// Reads the part of Python's `re` that says whether a path matches.
struct PathPatternParser {
  private let scalars: [Unicode.Scalar]
  private var place = 0, depth = 0
  private var ignoresCase = false
  /// A nesting that nobody writes; matching takes a step more for each level.
  private static let deepest = 12

  init(_ text: String) { scalars = Array(text.unicodeScalars) }

  mutating func pattern() throws(PathPatternFault) -> PathPattern.Node {
    if take("(?i)") { ignoresCase = true }
    let node = try alternatives()
    guard place == scalars.count else { throw fault("a ')' that closes nothing") }
    return node
  }

  private func fault(_ what: String) -> PathPatternFault {
    PathPatternFault(description: "\(what) at character \(place + 1)")
  }

  private var next: Unicode.Scalar? { place < scalars.count ? scalars[place] : nil }

  private mutating func take(_ text: String) -> Bool {
    let wanted = Array(text.unicodeScalars)
    guard scalars[place...].starts(with: wanted) else { return false }
    place += wanted.count
    return true
  }

  private mutating func alternatives() throws(PathPatternFault) -> PathPattern.Node {
    var branches = [try sequence()]
    while take("|") { branches.append(try sequence()) }
    return branches.count == 1 ? branches[0] : .alternatives(branches)
  }

  private mutating func sequence() throws(PathPatternFault) -> PathPattern.Node {
    var nodes: [PathPattern.Node] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      let node = try atom()
      nodes.append(try quantified(node))
    }
    return nodes.count == 1 ? nodes[0] : .sequence(nodes)
  }

  private mutating func atom() throws(PathPatternFault) -> PathPattern.Node {
    guard let scalar = next else { throw fault("an end where something should be") }
    switch scalar {
    case "(": return try group()
    case "[": return .one(try set())
    case "\\": return try escape()
    case "*", "+", "?": throw fault("'\(scalar)' with nothing to repeat")
    case ".":
      place += 1
      return .one(.init(members: [.range("\n"..."\n")], isNegated: true))
    case "^":
      place += 1
      return .edge(.start)
    case "$":
      place += 1
      return .edge(.end)
    default:
      place += 1
      return one(scalar)
    }
  }

  private func one(_ scalar: Unicode.Scalar) -> PathPattern.Node {
    .one(.init(members: [.range(scalar...scalar)], ignoresCase: ignoresCase))
  }

  private mutating func group() throws(PathPatternFault) -> PathPattern.Node {
    let start = place
    depth += 1
    defer { depth -= 1 }
    guard depth <= Self.deepest else { throw fault("groups nested too deep") }
    place += 1
    var look: (isAhead: Bool, isNegated: Bool)?
    if next == "?" {
      let kinds = [
        ("?=", true, false), ("?!", true, true), ("?<=", false, false), ("?<!", false, true),
      ]
      if let kind = kinds.first(where: { take($0.0) }) {
        look = (kind.1, kind.2)
      } else if !take("?:") {
        try name()
      }
    }
    let node = try alternatives()
    guard take(")") else {
      place = start
      throw fault("a '(' that is not closed")
    }
    return look.map { .look(node, isAhead: $0.isAhead, isNegated: $0.isNegated) } ?? node
  }

  /// `?P<name>`; every other kind of group is refused.
  private mutating func name() throws(PathPatternFault) {
    guard take("?P<") else {
      throw fault("a group '(\(String(String.UnicodeScalarView(scalars[place...].prefix(2))))'")
    }
    while let scalar = next, scalar != ">" {
      guard scalar != ")" else { throw fault("a group's name that is not closed") }
      place += 1
    }
    guard take(">") else { throw fault("a group's name that is not closed") }
  }

  private mutating func quantified(_ node: PathPattern.Node) throws(PathPatternFault)
    -> PathPattern.Node
  {
    guard let (minimum, maximum) = try quantifier() else { return node }
    if case .edge = node { throw fault("a repeated '^' or '$'") }
    guard maximum.map({ $0 >= minimum }) ?? true else { throw fault("a least above the most") }
    if next == "+" { throw fault("a possessive quantifier") }
    _ = take("?")
    let end = place
    guard try quantifier() == nil else {
      place = end
      throw fault("a quantifier of a quantifier")
    }
    return .repeated(node, minimum: minimum, maximum: maximum)
  }

  /// `*`, `+`, `?`, `{m}`, `{m,}`, `{,n}`, `{m,n}`; a brace that is none of these is a character.
  private mutating func quantifier() throws(PathPatternFault) -> (Int, Int?)? {
    if take("*") { return (0, nil) }
    if take("+") { return (1, nil) }
    if take("?") { return (0, 1) }
    guard next == "{" else { return nil }
    let start = place
    place += 1
    let low = number(), hasComma = take(","), high = number()
    guard hasComma || low != nil, take("}") else {
      place = start
      return nil
    }
    if !hasComma { return (low ?? 0, low) }
    return (low ?? 0, high)
  }

  /// Digits; so many that no path has as many characters count as a million.
  private mutating func number() -> Int? {
    var value: Int?
    while let scalar = next, ("0"..."9").contains(scalar) {
      value = min((value ?? 0) * 10 + Int(scalar.value - 48), 1_000_000)
      place += 1
    }
    return value
  }
}

// Characters, classes of them, and sets.
extension PathPatternParser {
  private mutating func escape() throws(PathPatternFault) -> PathPattern.Node {
    guard place + 1 < scalars.count else { throw fault("a '\\' at the end") }
    let edges: [(Unicode.Scalar, PathPattern.Edge)] = [
      ("A", .start), ("Z", .end), ("b", .wordBoundary), ("B", .notWordBoundary),
    ]
    if let edge = edges.first(where: { $0.0 == scalars[place + 1] }) {
      place += 2
      return .edge(edge.1)
    }
    if ("1"..."9").contains(scalars[place + 1]) { throw fault("a back reference") }
    return .one(.init(members: [try escaped()], ignoresCase: ignoresCase))
  }

  /// A class or a character behind a backslash.
  private mutating func escaped() throws(PathPatternFault) -> PathPattern.ScalarClass.Member {
    guard place + 1 < scalars.count else { throw fault("a '\\' at the end") }
    let scalar = scalars[place + 1]
    let known: [(Unicode.Scalar, PathPattern.ScalarClass.Member)] = [
      ("d", .digit), ("w", .word), ("s", .space), ("D", .not(.digit)), ("W", .not(.word)),
      ("S", .not(.space)), ("n", .range("\n"..."\n")), ("r", .range("\r"..."\r")),
      ("t", .range("\t"..."\t")),
    ]
    let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9") ~= scalar)
    guard
      let member = known.first(where: { $0.0 == scalar })?.1
        ?? (isPlain ? nil : .range(scalar...scalar))
    else { throw fault("'\\\(scalar)'") }
    place += 2
    return member
  }

  /// `[…]`: a first `]` is a character, a `-` stands for a range between two.
  private mutating func set() throws(PathPatternFault) -> PathPattern.ScalarClass {
    let start = place
    place += 1
    var set = PathPattern.ScalarClass(members: [], ignoresCase: ignoresCase)
    set.isNegated = take("^")
    while let scalar = next, scalar != "]" || set.members.isEmpty {
      let low = try member()
      guard next == "-", place + 1 < scalars.count, scalars[place + 1] != "]" else {
        set.members.append(low)
        continue
      }
      place += 1
      let high = try member()
      guard case .range(let first) = low, case .range(let last) = high,
        first.lowerBound <= last.lowerBound
      else { throw fault("a range that is none") }
      set.members.append(.range(first.lowerBound...last.lowerBound))
    }
    guard take("]") else {
      place = start
      throw fault("a '[' that is not closed")
    }
    return set
  }

  private mutating func member() throws(PathPatternFault) -> PathPattern.ScalarClass.Member {
    guard let scalar = next else { throw fault("a set that is not closed") }
    if scalar == "\\" { return try escaped() }
    place += 1
    return .range(scalar...scalar)
  }
}
