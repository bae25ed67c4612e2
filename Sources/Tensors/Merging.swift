extension Weight {
  /// W + scale · (B · A) in f32, for B [outputs, rank] and A [rank, inputs]: the product, what it is
  /// scaled to and the sum are rounded one after the other, as PEFT computes them.
  public func adding(_ b: Tensor, _ a: Tensor, scale: Float) -> Tensor {
    precondition(
      b.rows == rows && a.columns == columns && b.columns == a.rows,
      "merge: [\(rows), \(columns)], A \(a.shape), B \(b.shape)")
    let sum = tensor().copy()
    guard a.rows > 0 else { return sum }
    let delta = Tensor(rows, columns)
    Gemm.sum(delta.start, [Gemm.Term(.init(b), a)])
    Parallel.ranges(sum.count, grain: 65536) { range in
      for index in range { sum.start[index] += delta.start[index] * scale }
    }
    return sum
  }
}

extension Tensor {
  /// The numbers rounded to IEEE half precision, nearest even; beyond its range they are infinite.
  public var f16: [UInt16] {
    [UInt16](unsafeUninitializedCapacity: count) { buffer, initialized in
      for index in 0..<count { buffer[index] = Float16(start[index]).bitPattern }
      initialized = count
    }
  }

  /// Whether no number is infinite or none at all.
  public var isFinite: Bool {
    for index in 0..<count where !start[index].isFinite { return false }
    return true
  }
}
