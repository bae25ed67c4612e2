extension RegularExpression {
  /// Runs a program over a text.
  struct Matcher {
    /// A way that was not taken yet.
    private enum Choice {
      case step(Int, at: Int)
      /// A run that may give back scalars, down to `least`.
      case shorter(Int, at: Int, least: Int)
      /// A lazy run that may take more scalars.
      case longer(Int, at: Int, table: Int, more: Int)
      case round(Int, was: Int)
    }

    private let program: Program
    private let text: Characters
    private var choices: [Choice] = []
    private var rounds: [Int]

    init(program: Program, text: Characters) {
      self.program = program
      self.text = text
      rounds = [Int](repeating: -1, count: program.rounds)
    }

    /// The first match that begins at `start` or later.
    mutating func search(from start: Int) -> Range<Int>? {
      var start = start
      while start <= text.count {
        if let first = program.first {
          while start < text.count {
            let (scalar, length) = text.scalar(at: start)
            if first.contains(scalar) { break }
            start += length
          }
          guard start < text.count else { return nil }
        }
        if let end = run(from: 0, at: start) { return start..<end }
        start += start < text.count ? text.scalar(at: start).length : 1
      }
      return nil
    }

    /// Where the body that begins at a step ends when it is matched at `start`.
    private mutating func run(from step: Int, at start: Int) -> Int? {
      let base = choices.count
      defer { choices.removeLast(choices.count - base) }
      var step = step, position = start
      while true {
        if case .matched = program.steps[step] { return position }
        if let (nextStep, nextPosition) = take(step, at: position) {
          (step, position) = (nextStep, nextPosition)
        } else if let (nextStep, nextPosition) = comeBack(to: base) {
          (step, position) = (nextStep, nextPosition)
        } else {
          return nil
        }
      }
    }

    /// Takes one step; nil where it does not match.
    @inline(__always)
    private mutating func take(_ step: Int, at position: Int) -> (Int, Int)? {
      switch program.steps[step] {
      case .scalar(let table):
        guard position < text.count else { return nil }
        let (scalar, length) = text.scalar(at: position)
        return program.tables[table].contains(scalar) ? (step + 1, position + length) : nil
      case .run(let table, let minimum, let maximum, let greed):
        return run(table, minimum, maximum, greed, step, position)
      case .fork(let first, let second):
        choices.append(.step(second, at: position))
        return (first, position)
      case .jump(let target): return (target, position)
      case .anchor(let anchor): return holds(anchor, at: position) ? (step + 1, position) : nil
      case .atomic(let next): return run(from: step + 1, at: position).map { (next, $0) }
      case .ahead(let isNegated, let next):
        return (run(from: step + 1, at: position) != nil) != isNegated ? (next, position) : nil
      case .behind(let length, let isNegated, let next):
        let start = before(position, scalars: length)
        let found = start.flatMap { run(from: step + 1, at: $0) } == position
        return found != isNegated ? (next, position) : nil
      case .roundBegins(let round):
        choices.append(.round(round, was: rounds[round]))
        rounds[round] = position
        return (step + 1, position)
      case .roundEnds(let round, let next):
        return rounds[round] == position ? (next, position) : (step + 1, position)
      case .matched: return nil
      }
    }

    private mutating func run(
      _ table: Int, _ minimum: Int, _ maximum: Int, _ greed: Node.Greed, _ step: Int,
      _ position: Int
    ) -> (Int, Int)? {
      var end = position, count = 0, least = position
      let wanted = greed == .lazy ? minimum : maximum
      while count < wanted, end < text.count {
        let (scalar, length) = text.scalar(at: end)
        guard program.tables[table].contains(scalar) else { break }
        end += length
        count += 1
        if count == minimum { least = end }
      }
      guard count >= minimum else { return nil }
      if greed == .greedy, end > least {
        choices.append(.shorter(step + 1, at: end, least: least))
      } else if greed == .lazy, maximum > minimum {
        choices.append(.longer(step + 1, at: end, table: table, more: maximum - minimum))
      }
      return (step + 1, end)
    }

    /// The way not taken that is nearest, above those that were there at `base`.
    private mutating func comeBack(to base: Int) -> (Int, Int)? {
      while choices.count > base {
        switch choices.removeLast() {
        case .step(let step, let position): return (step, position)
        case .round(let round, let position): rounds[round] = position
        case .shorter(let step, let position, let least):
          let shorter = text.before(position)
          if shorter > least { choices.append(.shorter(step, at: shorter, least: least)) }
          return (step, shorter)
        case .longer(let step, let position, let table, let more):
          guard position < text.count else { continue }
          let (scalar, length) = text.scalar(at: position)
          guard program.tables[table].contains(scalar) else { continue }
          if more > 1 {
            choices.append(
              .longer(
                step, at: position + length, table: table, more: more == .max ? more : more - 1)
            )
          }
          return (step, position + length)
        }
      }
      return nil
    }

    private func before(_ position: Int, scalars: Int) -> Int? {
      var position = position
      for _ in 0..<scalars {
        guard position > 0 else { return nil }
        position = text.before(position)
      }
      return position
    }

    private func holds(_ anchor: Node.Anchor, at position: Int) -> Bool {
      switch anchor {
      case .textBegin: return position == 0
      case .textEnd: return position == text.count
      case .lineBegin:
        // The end of a text begins no line.
        return position == 0 || position < text.count && text.bytes[position - 1] == 0x0A
      case .lineEnd: return position == text.count || text.bytes[position] == 0x0A
      case .lastLineEnd:
        return position == text.count
          || position == text.count - 1 && text.bytes[position] == 0x0A
      case .wordBoundary: return isWord(before: position) != isWord(at: position)
      case .noWordBoundary: return isWord(before: position) == isWord(at: position)
      }
    }

    private func isWord(at position: Int) -> Bool {
      position < text.count
        && UnicodeCategory.sets.word.contains(text.scalar(at: position).value)
    }

    private func isWord(before position: Int) -> Bool {
      position > 0 && isWord(at: text.before(position))
    }
  }
}
