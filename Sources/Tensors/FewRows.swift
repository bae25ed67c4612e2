import CKernels

/// y = x · Wᵀ for few rows of x, as in decoding: reading W costs more than the arithmetic, and
/// converting it first would double that, so a kernel reads it once as it is stored.
enum FewRows {
  /// Up to this many rows of x; with more, the packed product is faster.
  static let most = 8

  /// y [t, outputs] := x [t, inputs] · Wᵀ.
  static func product(_ y: Tensor, _ x: Tensor, _ weight: Weight) {
    let outputs = weight.rows, inputs = weight.columns
    // Pieces of a microsecond or more, and no more of them than balance the threads; whole cache
    // lines of y.
    let grain = (max(32_768 / max(inputs, 1), outputs / 64) + 15) / 16 * 16
    weight.withDescriptor { descriptor in
      Parallel.ranges(outputs, grain: grain) { range in
        k_few_rows_f32(
          y.start, descriptor, x.start, Int64(range.lowerBound), Int64(range.upperBound),
          Int64(x.rows), Int64(outputs), Int64(inputs))
      }
    }
  }
}
