import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension Weight {
  /// Σ w² of each row, [1, rows].
  public var rowSquares: Tensor {
    let sums = Tensor(1, rows)
    Parallel.ranges(rows, grain: 64) { range in
      let tile = Buffer(range.count * columns)
      read(range, 0..<columns, into: tile.start)
      k_row_dots_f32(
        sums.start + range.lowerBound, tile.start, tile.start, Int64(range.count), Int64(columns),
        0)
    }
    return sums
  }

  /// ‖row‖ of W + s · B · A, [1, rows], without making that sum: ‖w‖² + 2s · (W Aᵀ)·b + s² · b A Aᵀ b for
  /// each row. `squares` are W's `rowSquares`.
  public func rowNorms(plus a: Tensor, _ b: Tensor, scale: Float, squares: Tensor) -> Tensor {
    precondition(
      a.columns == columns && b.rows == rows && a.rows == b.columns,
      "row norms: [\(rows), \(columns)], A \(a.shape), B \(b.shape)")
    let a = a.detached, b = b.detached, rank = a.rows
    let mixed = Tensor(rank, rows), gram = Tensor(rank, rank), norms = Tensor(1, rows)
    Gemm.sum(mixed.start, [Gemm.Term(.init(a), self, isTransposed: true)])
    Gemm.sum(gram.start, [Gemm.Term(.init(a), a, isTransposed: true)])
    let own = Tensor(rows, rank)
    Gemm.sum(own.start, [Gemm.Term(.init(b), gram)])
    let s = Double(scale)
    for row in 0..<rows {
      var sum = Double(squares.start[row])
      for k in 0..<rank {
        let cross = 2 * s * Double(mixed.start[k * rows + row])
        sum += Double(b.start[row * rank + k]) * (cross + s * s * Double(own.start[row * rank + k]))
      }
      norms.start[row] = Float(max(sum, 0).squareRoot())
    }
    return norms
  }
}

extension Tensor {
  /// Whether both hold the same bits.
  public func isIdentical(to other: Tensor) -> Bool {
    rows == other.rows && columns == other.columns
      && memcmp(start, other.start, count * MemoryLayout<Float>.stride) == 0
  }
}

/// Moves the smoothed sensitivity |w · g| of each number, and its smoothed deviation from that, by one
/// step (Zhang et al. 2023, eqs. 9 and 10).
public func smoothSensitivity(
  _ mean: Tensor, _ deviation: Tensor, of w: Tensor, _ gradient: Tensor, scale: Float,
  beta1: Float, beta2: Float
) {
  precondition(
    mean.count == w.count && deviation.count == w.count && gradient.count == w.count,
    "sensitivity: w \(w.shape), gradient \(gradient.shape)")
  Parallel.ranges(w.count, grain: 1 << 16) { range in
    let first = range.lowerBound
    k_sensitivity_f32(
      mean.start + first, deviation.start + first, w.start + first, gradient.start + first, scale,
      beta1, beta2, Int64(range.count))
  }
}
