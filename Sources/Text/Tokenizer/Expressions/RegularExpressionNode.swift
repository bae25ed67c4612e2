extension RegularExpression {
  /// A parsed expression.
  indirect enum Node {
    case set(ScalarSet)
    case sequence([Node])
    case alternatives([Node])
    case repeated(Node, minimum: Int, maximum: Int?, Greed)
    /// Takes the first way to match it and no other.
    case atomic(Node)
    case look(Node, Direction, isNegated: Bool)
    case anchor(Anchor)

    enum Greed { case greedy, lazy, possessive }
    enum Direction { case ahead, behind }
    enum Anchor {
      case lineBegin, lineEnd, textBegin, textEnd, lastLineEnd, wordBoundary, noWordBoundary
    }

    /// The number of scalars of every match, where it is always the same.
    var length: Int? {
      switch self {
      case .set: return 1
      case .look, .anchor: return 0
      case .atomic(let body): return body.length
      case .sequence(let parts):
        return parts.reduce(Optional(0)) { sum, part in
          sum.flatMap { sum in part.length.map { sum + $0 } }
        }
      case .alternatives(let parts):
        let lengths = Set(parts.map(\.length))
        return lengths.count == 1 ? lengths.first ?? nil : nil
      case .repeated(let body, let minimum, let maximum, _):
        return minimum == maximum ? body.length.map { $0 * minimum } : nil
      }
    }

    /// Whether it can match nothing.
    var canBeEmpty: Bool {
      switch self {
      case .set: false
      case .look, .anchor: true
      case .atomic(let body): body.canBeEmpty
      case .sequence(let parts): parts.allSatisfy(\.canBeEmpty)
      case .alternatives(let parts): parts.contains(where: \.canBeEmpty)
      case .repeated(let body, let minimum, _, _): minimum == 0 || body.canBeEmpty
      }
    }

    /// The scalars that a match can begin with; nil where it may be empty.
    var first: ScalarSet? {
      switch self {
      case .set(let set): return set
      case .look, .anchor: return nil
      case .atomic(let body): return body.first
      case .repeated(let body, let minimum, _, _): return minimum > 0 ? body.first : nil
      case .alternatives(let parts):
        return parts.reduce(Optional(ScalarSet())) { union, part in
          union.flatMap { union in part.first.map(union.union) }
        }
      case .sequence(let parts):
        var union = ScalarSet()
        for part in parts {
          if case .anchor = part { continue }
          if case .look = part { continue }
          if let first = part.first { return union.union(first) }
          guard let optional = part.firstIfAny else { return nil }
          union = union.union(optional)
        }
        return nil
      }
    }

    /// Of a part that may be empty, what it begins with where it is not.
    private var firstIfAny: ScalarSet? {
      guard case .repeated(let body, _, _, _) = self else { return nil }
      return body.first
    }
  }
}
