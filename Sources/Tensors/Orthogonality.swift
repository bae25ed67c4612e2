/// ‖M‖ of M = X Xᵀ − I, or Xᵀ X − I: d‖M‖/dX = 2 M X / ‖M‖, or 2 X M / ‖M‖.
struct Orthogonality: Operation {
  let x: Tensor, slot: Slot?, difference: Tensor, norm: Double, ofRows: Bool

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    guard norm > 0 else { return }
    let factor = Float(2 * Double(dy.scalar) / norm)
    g.add(slot, x.rows, x.columns) { dx, beta in
      let term =
        ofRows
        ? Gemm.Term(.init(difference, alpha: factor), x)
        : Gemm.Term(.init(x, alpha: factor), difference)
      Gemm.sum(dx, [term], beta: beta)
    }
  }
}

/// How far the rows of x, or its columns, are from being orthonormal: the Frobenius norm of their
/// products less the identity (Zhang et al. 2023, eq. 4).
public func orthogonality(_ x: Tensor, ofRows: Bool) -> Tensor {
  let size = ofRows ? x.rows : x.columns, difference = Tensor(size, size), value = x.detached
  Gemm.sum(
    difference.start,
    [
      ofRows
        ? Gemm.Term(.init(value), value, isTransposed: true)
        : Gemm.Term(.init(value, isTransposed: true), value)
    ])
  for index in 0..<size { difference.start[index * size + index] -= 1 }
  let norm = difference.sumOfSquares.squareRoot()
  return Tensor(rows: 1, columns: 1, values: [Float(norm)]).recorded(
    Orthogonality(x: value, slot: x.slot, difference: difference, norm: norm, ofRows: ofRows),
    from: x.slot)
}
