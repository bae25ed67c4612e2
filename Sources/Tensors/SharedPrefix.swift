/// Segments that go on from one another: a segment may continue an earlier one, so that several
/// texts with a common beginning are computed over it once. What a segment reads is then its
/// parents' tokens, from the first on, and its own.
public struct SharedPrefix: Sendable, Hashable {
  /// For each segment the one that it continues, which stands before it; nil for none.
  public let parents: [Int?]
  /// For each segment the rows that it reads, laid behind one another.
  let rows: [Int]
  /// Where what the segments read would begin and end.
  let laid: Segments
  /// Where each token stands in what its own segment reads.
  let places: [Int]
  /// Each token's position in its text.
  public let positions: [Int]

  /// The segments `segments`, of which number i continues `parents[i]`.
  public init(_ segments: Segments, continuing parents: [Int?]) {
    precondition(
      parents.count == segments.count && parents.enumerated().allSatisfy { $1 ?? -1 < $0 },
      "shared prefix: \(segments.count) segments continue \(parents)")
    var paths: [[Int]] = [], rows: [Int] = [], places: [Int] = [], positions: [Int] = []
    for (index, parent) in parents.enumerated() {
      let before = parent.map { paths[$0] } ?? []
      paths.append(before + segments[index])
      places += segments[index].indices.map {
        rows.count + before.count + $0 - segments[index].lowerBound
      }
      positions += (0..<segments[index].count).map { before.count + $0 }
      rows += paths[index]
    }
    self.parents = parents
    self.rows = rows
    self.places = places
    self.positions = positions
    laid = Segments(lengths: paths.map(\.count))
  }

  /// Attention's view of `tokens` of the segments.
  public func asking(_ tokens: [Int]) -> Asking { Asking(laid, tokens: tokens.map { places[$0] }) }

  /// Keys or values, laid out so that each segment finds what it reads in one piece.
  public func laid(_ x: Tensor) -> Tensor { selectRows(x, rows) }
}
