extension RegularExpression {
  /// An expression as steps of a machine that tries one way and comes back for the others.
  struct Program: Sendable {
    enum Step: Sendable {
      /// One scalar of a table.
      case scalar(Int)
      /// As many scalars of a table as the bounds allow.
      case run(Int, minimum: Int, maximum: Int, Node.Greed)
      /// Goes on at the first; comes back for the second.
      case fork(Int, Int)
      case jump(Int)
      case anchor(Node.Anchor)
      /// The body stands from the next step on and ends with `matched`; what follows is at `next`.
      case atomic(next: Int)
      case ahead(isNegated: Bool, next: Int)
      /// The body begins `length` scalars before.
      case behind(length: Int, isNegated: Bool, next: Int)
      /// Notes where a round of a loop begins, and goes out of it after a round that took nothing.
      case roundBegins(Int)
      case roundEnds(Int, next: Int)
      case matched
    }

    private(set) var steps: [Step] = []
    private(set) var tables: [ScalarTable] = []
    private(set) var rounds = 0
    /// What a match begins with; nil where it may begin with anything or nothing.
    let first: ScalarTable?
    private var sets: [ScalarSet] = []
    private static let largest = 20_000

    init(_ expression: Node) throws(RegularExpressionError) {
      first = expression.first.map(ScalarTable.init)
      try append(expression)
      steps.append(.matched)
    }

    private mutating func table(_ set: ScalarSet) -> Int {
      if let known = sets.firstIndex(of: set) { return known }
      sets.append(set)
      tables.append(ScalarTable(set))
      return tables.count - 1
    }

    private mutating func append(_ expression: Node) throws(RegularExpressionError) {
      guard steps.count < Self.largest else {
        throw RegularExpressionError(message: "its repetitions make it too large")
      }
      switch expression {
      case .set(let set): steps.append(.scalar(table(set)))
      case .anchor(let anchor): steps.append(.anchor(anchor))
      case .sequence(let parts): for part in parts { try append(part) }
      case .alternatives(let parts): try append(alternatives: parts)
      case .atomic(let body): try append(body) { .atomic(next: $0) }
      case .look(let body, .ahead, let isNegated):
        try append(body) { .ahead(isNegated: isNegated, next: $0) }
      case .look(let body, .behind, let isNegated): try append(behind: body, isNegated)
      case .repeated(.set(let set), let minimum, let maximum, let greed):
        steps.append(.run(table(set), minimum: minimum, maximum: maximum ?? .max, greed))
      case .repeated(let body, let minimum, let maximum, .possessive):
        try append(.atomic(.repeated(body, minimum: minimum, maximum: maximum, .greedy)))
      case .repeated(let body, let minimum, let maximum, let greed):
        for _ in 0..<minimum { try append(body) }
        if let maximum {
          try append(optional: body, times: maximum - minimum, isLazy: greed == .lazy)
        } else {
          try append(loop: body, isLazy: greed == .lazy)
        }
      }
    }

    /// A step, its body, and the end of the body.
    private mutating func append(_ body: Node, after step: (Int) -> Step)
      throws(RegularExpressionError)
    {
      let place = steps.count
      steps.append(.matched)
      try append(body)
      steps.append(.matched)
      steps[place] = step(steps.count)
    }

    private mutating func append(alternatives parts: [Node]) throws(RegularExpressionError) {
      var ends: [Int] = []
      for (index, part) in parts.enumerated() {
        let place = steps.count
        let isLast = index == parts.count - 1
        if !isLast { steps.append(.matched) }
        try append(part)
        guard !isLast else { continue }
        ends.append(steps.count)
        steps.append(.matched)
        steps[place] = .fork(place + 1, steps.count)
      }
      for end in ends { steps[end] = .jump(steps.count) }
    }

    /// Each way of a lookbehind has its own length.
    private mutating func append(behind body: Node, _ isNegated: Bool)
      throws(RegularExpressionError)
    {
      var ways = [body]
      if case .alternatives(let parts) = body { ways = parts }
      let looks = try ways.map { way throws(RegularExpressionError) in
        guard let length = way.length else {
          throw RegularExpressionError(message: "a lookbehind has no fixed length")
        }
        return (way, length)
      }
      // One of several: forks; none of several: one after the other.
      var ends: [Int] = []
      for (index, (way, length)) in looks.enumerated() {
        let place = steps.count
        let forks = !isNegated && index < looks.count - 1
        if forks { steps.append(.matched) }
        try append(way) { .behind(length: length, isNegated: isNegated, next: $0) }
        guard forks else { continue }
        ends.append(steps.count)
        steps.append(.matched)
        steps[place] = .fork(place + 1, steps.count)
      }
      for end in ends { steps[end] = .jump(steps.count) }
    }

    private mutating func append(optional body: Node, times: Int, isLazy: Bool)
      throws(RegularExpressionError)
    {
      var forks: [Int] = []
      for _ in 0..<times {
        forks.append(steps.count)
        steps.append(.matched)
        try append(body)
      }
      for fork in forks {
        steps[fork] = isLazy ? .fork(steps.count, fork + 1) : .fork(fork + 1, steps.count)
      }
    }

    private mutating func append(loop body: Node, isLazy: Bool)
      throws(RegularExpressionError)
    {
      let fork = steps.count
      steps.append(.matched)
      let round = body.canBeEmpty ? rounds : nil
      if let round {
        rounds += 1
        steps.append(.roundBegins(round))
      }
      try append(body)
      if let round { steps.append(.roundEnds(round, next: steps.count + 2)) }
      steps.append(.jump(fork))
      steps[fork] = isLazy ? .fork(steps.count, fork + 1) : .fork(fork + 1, steps.count)
    }
  }
}
