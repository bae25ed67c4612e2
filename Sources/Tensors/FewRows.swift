import CKernels

/// y = x · Wᵀ for few rows of x, as in decoding: reading W costs more than the arithmetic, and
/// converting it first would double that, so a kernel reads it once as it is stored.
enum FewRows {
  /// Up to this many rows of x; with more, the packed product is faster.
  static let most = 8

  /// y [t, outputs] := x [t, inputs] · Wᵀ.
  static func product(_ y: Tensor, _ x: Tensor, _ weight: Weight) {
    let outputs = weight.rows, inputs = weight.columns
    weight.withDescriptor { descriptor in
      Parallel.ranges(outputs, grain: max(16, min(512, 262_144 / max(inputs, 1)))) { range in
        k_few_rows_f32(
          y.start, descriptor, x.start, Int64(range.lowerBound), Int64(range.upperBound),
          Int64(x.rows), Int64(outputs), Int64(inputs))
      }
    }
  }
}
