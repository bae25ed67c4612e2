/// A token that is found in the text before it is cut into pieces.
struct AddedToken: Sendable, Equatable {
  var id: Int32
  var content: String
  var isSpecial = false
  /// Takes the spaces to its left, to its right.
  var stripsLeft = false, stripsRight = false
  /// Found only where no letter of a word touches it.
  var isSingleWord = false
  /// Looked for in the normalized text rather than in the original.
  var isNormalized = false
}

/// Finds added tokens: leftmost first, the longest of those that begin at one place.
struct AddedTokenMatcher: Sendable {
  private var tokens: [AddedToken] = []
  /// node << 8 | byte → node; node 0 is the root.
  private var edges: [Int: Int] = [:]
  /// The token that ends at a node, as an index; -1 for none.
  private var tokenAtNode: [Int] = [-1]
  private var beginsToken = [Bool](repeating: false, count: 256)
  /// Tokens that are found and then left to be cut like the rest of the text.
  private let passedOver: Set<Int32>

  init(passingOver passedOver: Set<Int32> = []) { self.passedOver = passedOver }

  /// A stretch of text: a token, or text between tokens where `id` is nil.
  struct Segment { var range: Range<Int>, id: Int32? }

  /// Adds a token that is written as `bytes`.
  mutating func insert(_ token: AddedToken, bytes: [UInt8]) {
    guard let first = bytes.first else { return }
    beginsToken[Int(first)] = true
    var node = 0
    for byte in bytes {
      if let next = edges[node << 8 | Int(byte)] {
        node = next
      } else {
        edges[node << 8 | Int(byte)] = tokenAtNode.count
        node = tokenAtNode.count
        tokenAtNode.append(-1)
      }
    }
    tokenAtNode[node] = tokens.count
    tokens.append(token)
  }

  /// The whole text, cut at the tokens; empty for an empty text.
  func segments(_ text: Characters) -> [Segment] {
    var segments: [Segment] = []
    var index = 0, done = 0
    while !tokens.isEmpty, index < text.count {
      guard beginsToken[Int(text.bytes[index])], let (token, end) = match(text, at: index) else {
        index += 1
        continue
      }
      let range = index..<end
      index = end
      if passedOver.contains(token.id) { continue }
      if token.isSingleWord, touchesWord(range, text) { continue }
      let stripped = strip(token, range, text, after: done)
      guard stripped.lowerBound >= done else { continue }  // another token took its first spaces
      if done < stripped.lowerBound {
        segments.append(Segment(range: done..<stripped.lowerBound, id: nil))
      }
      segments.append(Segment(range: stripped, id: token.id))
      done = stripped.upperBound
    }
    if done < text.count { segments.append(Segment(range: done..<text.count, id: nil)) }
    return segments
  }

  private func match(_ text: Characters, at start: Int) -> (AddedToken, end: Int)? {
    var node = 0, index = start
    var found: (AddedToken, end: Int)?
    while index < text.count, let next = edges[node << 8 | Int(text.bytes[index])] {
      (node, index) = (next, index + 1)
      if tokenAtNode[node] >= 0 { found = (tokens[tokenAtNode[node]], index) }
    }
    return found
  }

  private func touchesWord(_ range: Range<Int>, _ text: Characters) -> Bool {
    if range.lowerBound > 0,
      text.character(at: text.before(range.lowerBound)).class.contains(.word)
    {
      return true
    }
    return range.upperBound < text.count
      && text.character(at: range.upperBound).class.contains(.word)
  }

  private func strip(_ token: AddedToken, _ range: Range<Int>, _ text: Characters, after done: Int)
    -> Range<Int>
  {
    var (start, end) = (range.lowerBound, range.upperBound)
    if token.stripsLeft {
      while start > done, case let before = text.before(start),
        text.character(at: before).class.contains(.space)
      { start = before }
    }
    if token.stripsRight { end = text.run(of: .space, from: end, to: text.count) }
    return start..<end
  }
}
