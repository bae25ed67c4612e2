import CKernels

/// A list of tensors cut into pieces: runs of numbers of one tensor, small enough to be added, sent and
/// squared each by itself. Where a tensor is cut depends on its size alone.
public struct Pieces: Sendable, Hashable {
  /// Numbers of one tensor that lie next to one another.
  public struct Run: Sendable, Hashable {
    /// The tensor's place in the list, and the numbers' places in the tensor.
    public let tensor: Int, range: Range<Int>
    /// How many numbers they are.
    public var count: Int { range.count }

    /// Names a run.
    public init(tensor: Int, range: Range<Int>) {
      self.tensor = tensor
      self.range = range
    }
  }

  /// The most numbers of a piece.
  public static let size = 1 << 16

  /// How many numbers each tensor has.
  public let counts: [Int]
  /// All numbers.
  public var total: Int { counts.reduce(0, +) }

  /// The pieces of tensors of these sizes.
  public init(counts: [Int]) { self.counts = counts }

  /// The pieces, in order.
  public var all: [Run] {
    counts.enumerated().flatMap { tensor, count in
      stride(from: 0, to: count, by: Self.size).map {
        Run(tensor: tensor, range: $0..<min($0 + Self.size, count))
      }
    }
  }

  /// The pieces dealt to so many owners, to each a part of the list of about equal size; neighbours of
  /// one tensor and owner as one run.
  public func dealt(to owners: Int) -> [[Run]] {
    var parts: [[Run]] = Array(repeating: [], count: owners), before = 0
    let total = max(total, 1)
    for piece in all {
      let owner = before * owners / total
      before += piece.count
      if let last = parts[owner].last, last.tensor == piece.tensor {
        parts[owner][parts[owner].count - 1] = Run(
          tensor: piece.tensor, range: last.range.lowerBound..<piece.range.upperBound)
      } else {
        parts[owner].append(piece)
      }
    }
    return parts
  }
}

extension Tensor {
  /// Σ x² of each piece of a run of this tensor that begins with a piece, in double.
  func squares(_ range: Range<Int>) -> [Double] {
    let grain = Pieces.size
    var parts = [Double](repeating: 0, count: (range.count + grain - 1) / grain)
    parts.withUnsafeMutableBufferPointer { parts in
      let parts = parts
      Parallel.ranges(range.count, grain: grain) { piece in
        k_sum_of_squares_f32(
          parts.baseAddress! + piece.lowerBound / grain,
          start + range.lowerBound + piece.lowerBound, Int64(piece.count))
      }
    }
    return parts
  }

  /// Σ x² of each piece, in double.
  public var pieceSquares: [Double] { squares(0..<count) }

  /// Σ x², in double and in a fixed order.
  public var sumOfSquares: Double { pieceSquares.reduce(0, +) }
}
