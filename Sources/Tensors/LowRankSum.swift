/// W + s · B · A as a value of its own.
struct LowRankSum: Operation {
  let a: Tensor, b: Tensor, scale: Float

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    g.add(b.slot, b.rows, b.columns) { db, beta in
      Gemm.sum(db, [Gemm.Term(.init(dy, alpha: scale), a, isTransposed: true)], beta: beta)
    }
    g.add(a.slot, a.rows, a.columns) { da, beta in
      let left = Gemm.Left(b, isTransposed: true, alpha: scale)
      Gemm.sum(da, [Gemm.Term(left, dy)], beta: beta)
    }
  }
}

/// W + s · B · A on the tape, whole and in f32: for a head, by whose matrix the loss multiplies.
public func lowRankSum(_ weight: Weight, _ a: Tensor, _ b: Tensor, scale: Float) -> Tensor {
  weight.adding(b.detached, a.detached, scale: scale).recorded(
    LowRankSum(a: a, b: b, scale: scale), from: a.slot, b.slot)
}

/// Columns of x, as rows.
struct ColumnSelection: Operation {
  let x: Slot?, rows: Int, columns: Int, indices: [Int]

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    g.add(x, rows, columns) { dx, beta in
      if beta == 0 { dx.update(repeating: 0, count: rows * columns) }
      for (place, index) in indices.enumerated() {
        for row in 0..<rows { dx[row * columns + index] += dy.start[place * rows + row] }
      }
    }
  }
}

/// The columns `indices` of x, each a row: [indices, x.rows].
public func selectColumns(_ x: Tensor, _ indices: [Int]) -> Tensor {
  let y = Tensor(indices.count, x.rows)
  for (place, index) in indices.enumerated() {
    precondition(index >= 0 && index < x.columns, "selectColumns: \(index) of \(x.columns)")
    for row in 0..<x.rows { y.start[place * x.rows + row] = x.start[row * x.columns + index] }
  }
  return y.recorded(
    ColumnSelection(x: x.slot, rows: x.rows, columns: x.columns, indices: indices), from: x.slot)
}

/// Two matrices side by side.
struct SideBySide: Operation {
  let left: Slot?, right: Slot?, widths: (Int, Int)

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    func part(_ slot: Slot?, _ first: Int, _ width: Int) {
      g.add(slot, dy.rows, width) { dx, beta in
        for row in 0..<dy.rows {
          axpby(dx + row * width, dy.start + row * dy.columns + first, 1, beta, width)
        }
      }
    }
    part(left, 0, widths.0)
    part(right, widths.0, widths.1)
  }
}

/// [left, right], for matrices of as many rows.
public func sideBySide(_ left: Tensor, _ right: Tensor) -> Tensor {
  precondition(left.rows == right.rows, "sideBySide: \(left.shape) and \(right.shape)")
  let y = Tensor(left.rows, left.columns + right.columns)
  for row in 0..<y.rows {
    let start = y.start + row * y.columns
    start.update(from: left.start + row * left.columns, count: left.columns)
    (start + left.columns).update(
      from: right.start + row * right.columns, count: right.columns)
  }
  return y.recorded(
    SideBySide(left: left.slot, right: right.slot, widths: (left.columns, right.columns)),
    from: left.slot, right.slot)
}

extension Tensor {
  /// A copy with other columns, a constant: column `columns[i]` is z's column i.
  public func replacing(columns places: [Int], with z: Tensor) -> Tensor {
    precondition(z.rows == rows && z.columns == places.count, "replacing: \(shape), \(z.shape)")
    let y = copy()
    for row in 0..<rows {
      for (index, place) in places.enumerated() {
        y.start[row * columns + place] = z.start[row * z.columns + index]
      }
    }
    return y
  }
}
