import CKernels

/// y = x · Wᵀ for few rows of x, as in decoding: reading W costs more than the arithmetic, and
/// converting it first would double that, so a kernel reads it once as it is stored.
enum FewRows {
  /// Up to this many rows of x; with more, the packed product is faster.
  static let most = 16

  /// Whether x is multiplied here: its rows are few, and may have other bits than among many.
  static func fits(_ x: Tensor) -> Bool { x.rows <= most && !ForwardPass.current.isolatesRows }

  /// y [t, outputs] := x [t, inputs] · Wᵀ.
  static func product(_ y: Tensor, _ x: Tensor, _ weight: Weight) {
    let outputs = weight.rows, x = ordered(x, for: weight)
    weight.withDescriptor { descriptor in
      Parallel.ranges(outputs, grain: grain(weight)) { range in
        k_few_rows_f32(
          y.start, descriptor, x.start, Int64(range.lowerBound), Int64(range.upperBound),
          Int64(x.rows), Int64(outputs))
      }
    }
  }

  /// The one cut that may follow the number of threads, since no number of y depends on it: long
  /// stretches of W, which the memory delivers faster than many short ones.
  private static func grain(_ weight: Weight) -> Int {
    let threads = Parallel.threads, bytes = weight.storedBytes
    if threads == 1 || bytes < 1 << 14 { return weight.rows }
    let pieces = min(16 * threads, max(2 * threads, bytes >> 17))
    // Whole cache lines of y.
    return (weight.rows + 16 * pieces - 1) / (16 * pieces) * 16
  }

  private static func ordered(_ x: Tensor, for weight: Weight) -> Tensor {
    guard case .nf4 = weight else { return x }
    let result = Tensor(x.rows, x.columns)
    k_few_rows_order_f32(result.start, x.start, Int64(x.rows), Int64(x.columns))
    return result
  }
}
