/// Where the sequences of a packed batch begin and end. Attention never crosses a border, and
/// positions count from each segment's start.
public struct Segments: Sendable, Hashable {
  /// Borders: 0, the end of each segment, in rising order.
  public let offsets: [Int]

  /// Segments of these lengths, one after the other.
  public init(lengths: [Int]) {
    precondition(lengths.allSatisfy { $0 > 0 }, "segments: lengths \(lengths)")
    offsets = lengths.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
  }

  /// The number of segments and of tokens.
  public var count: Int { offsets.count - 1 }
  /// The number of tokens in all segments.
  public var tokens: Int { offsets[count] }
  /// Segment `index`'s rows.
  public subscript(index: Int) -> Range<Int> { offsets[index]..<offsets[index + 1] }
  /// Each token's place in its segment.
  public var positions: [Int] { (0..<count).flatMap { Array(0..<self[$0].count) } }
}

/// How many heads ask, how many answer, and their width.
public struct HeadShape: Sendable, Hashable {
  /// Query heads, key/value heads, and numbers per head.
  public let queries: Int, keys: Int, width: Int

  /// Grouped heads: `keys` divides `queries`.
  public init(queries: Int, keys: Int, width: Int) {
    precondition(queries % keys == 0, "heads: \(queries) queries over \(keys) keys")
    self.queries = queries
    self.keys = keys
    self.width = width
  }

  var group: Int { queries / keys }
  var scale: Float { 1 / Float(width).squareRoot() }
}

/// Which tokens of packed segments ask: all of them, or the rows that somebody still needs.
public struct Asking {
  /// The packed sequences whose keys and values are asked.
  public let segments: Segments
  /// The tokens that ask, in rising order; row i of the queries is token tokens[i].
  public let tokens: [Int]
  /// The query rows of each segment.
  let rows: [Range<Int>]
  /// How many keys of its segment each query row sees: those up to itself, or all.
  let seen: [Int64]

  /// Tokens that attention handles at once.
  public static var block: Int { Attention.block }
  /// Whether every token asks.
  public var isWhole: Bool { tokens.count == segments.tokens }

  /// `tokens` of `segments`; all of them when left out. A token sees those up to itself or, where
  /// attention is not causal, its whole segment.
  public init(_ segments: Segments, tokens: [Int]? = nil, isCausal: Bool = true) {
    let tokens = tokens ?? Array(0..<segments.tokens)
    var rows: [Range<Int>] = [], seen: [Int64] = [], next = 0
    for index in 0..<segments.count {
      let segment = segments[index], first = next
      while next < tokens.count, segment.contains(tokens[next]) {
        seen.append(Int64(isCausal ? tokens[next] - segment.lowerBound + 1 : segment.count))
        next += 1
      }
      rows.append(first..<next)
    }
    precondition(next == tokens.count, "attention: rows \(tokens) of \(segments.tokens) tokens")
    self.segments = segments
    self.tokens = tokens
    self.rows = rows
    self.seen = seen
  }
}
