/// Segments that go on from one another: a segment may continue an earlier one, so that several
/// texts with a common beginning are computed over it once. What a segment reads is then its
/// parents' tokens, from the first on, and its own. Before them every text may read keys and values
/// that are given, of no segment's tokens.
public struct SharedPrefix: Sendable, Hashable {
  /// For each segment the one that it continues, which stands before it; nil for none.
  public let parents: [Int?]
  /// How many keys and values are given; the texts' positions begin behind them.
  public let given: Int
  /// For each segment the rows of those that it reads, from the first on, and its own.
  private let paths: [[Range<Int>]]
  /// Where what the segments read would begin and end.
  let laid: Segments
  /// Where each token stands in what its own segment reads.
  let places: [Int]
  /// Each token's position in its text.
  public let positions: [Int]

  /// The segments `segments`, of which number i continues `parents[i]`, behind `given` keys and values.
  public init(_ segments: Segments, continuing parents: [Int?], behind given: Int = 0) {
    precondition(
      parents.count == segments.count && parents.enumerated().allSatisfy { $1 ?? -1 < $0 },
      "shared prefix: \(segments.count) segments continue \(parents)")
    var paths: [[Range<Int>]] = [], ends: [Int] = [], places: [Int] = [], positions: [Int] = []
    var row = 0
    for (index, parent) in parents.enumerated() {
      let own = segments[index], before = parent.map { ends[$0] } ?? given
      paths.append((parent.map { paths[$0] } ?? []) + [own])
      ends.append(before + own.count)
      places += (0..<own.count).map { row + before + $0 }
      positions += (0..<own.count).map { before + $0 }
      row += ends[index]
    }
    self.parents = parents
    self.given = given
    self.paths = paths
    self.places = places
    self.positions = positions
    laid = Segments(lengths: ends)
  }

  /// The same segments, each a text of its own, behind `given` keys and values.
  public init(_ segments: Segments, behind given: Int) {
    self.init(segments, continuing: Array(repeating: nil, count: segments.count), behind: given)
  }

  /// Attention's view of `tokens` of the segments.
  public func asking(_ tokens: [Int]) -> Asking { Asking(laid, tokens: tokens.map { places[$0] }) }

  /// Keys or values, laid out so that each segment finds what it reads in one piece: the rows of `head`
  /// that are given, then its texts' rows of `x`.
  public func laid(_ x: Tensor, behind head: Tensor? = nil) -> Tensor {
    precondition(
      head?.rows ?? 0 == given, "shared prefix: \(given) given rows, not \(head?.rows ?? 0)")
    let before = head.map { [(x: $0, rows: 0..<given)] } ?? []
    return concatenateRows(paths.flatMap { before + $0.map { (x, $0) } })
  }
}
