/// Cuts a text where a pattern matches; what becomes of the matches is the behavior.
struct Splitter: Sendable {
  /// As `tokenizer.json` spells them.
  enum Behavior: String, Sendable {
    case removed = "Removed"
    case isolated = "Isolated"
    case mergedWithPrevious = "MergedWithPrevious"
    case mergedWithNext = "MergedWithNext"
    case contiguous = "Contiguous"
  }

  var pattern: TextPattern
  var behavior: Behavior
  /// What lies between matches counts as the matches.
  var isInverted = false

  private typealias Stretch = (range: Range<Int>, isMatch: Bool)

  /// The pieces of a text, without empty ones.
  func pieces(of text: Characters) -> [Range<Int>] {
    let stretches = stretches(of: text)
    let pieces: [Range<Int>]
    switch behavior {
    case .isolated: pieces = stretches.map(\.range)
    case .removed: pieces = stretches.filter { !$0.isMatch }.map(\.range)
    case .contiguous: pieces = joined(stretches) { $0 == $1 }
    case .mergedWithPrevious: pieces = joined(stretches) { $0 && !$1 }
    case .mergedWithNext:
      pieces = joined(stretches.reversed()) { $0 && !$1 }.reversed()
    }
    return pieces.filter { !$0.isEmpty }
  }

  private func stretches(of text: Characters) -> [Stretch] {
    var stretches: [Stretch] = []
    var done = 0
    for match in pattern.matches(in: text) {
      if match.lowerBound != done { stretches.append((done..<match.lowerBound, isInverted)) }
      stretches.append((match, !isInverted))
      done = match.upperBound
    }
    if done < text.count { stretches.append((done..<text.count, isInverted)) }
    return stretches
  }

  /// Joins each stretch to the piece before it where `joins` says so of it and the stretch before; the
  /// first has none before it, which counts as no match.
  private func joined(_ stretches: [Stretch], _ joins: (Bool, Bool) -> Bool) -> [Range<Int>] {
    var pieces: [Range<Int>] = []
    var wasMatch = false
    for (range, isMatch) in stretches {
      if joins(isMatch, wasMatch), let last = pieces.last {
        let lower = min(last.lowerBound, range.lowerBound)
        pieces[pieces.count - 1] = lower..<max(last.upperBound, range.upperBound)
      } else {
        pieces.append(range)
      }
      wasMatch = isMatch
    }
    return pieces
  }
}
