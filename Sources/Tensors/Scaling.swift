import CKernels

/// y = x ∘ f + b per row, f = v / d with a constant d.
struct ColumnScaling: Operation {
  let x: Slot?, factors: Tensor, vector: Slot?, divisor: Tensor?, bias: Slot?
  let kept: Kept?

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    let rows = Int64(dy.rows), columns = Int64(dy.columns)
    if let input = kept?.value {
      g.add(vector, 1, dy.columns) { dv, beta in
        let dots = Tensor(1, dy.columns)
        Parallel.ranges(dy.columns, grain: 256) { range in
          k_column_dots_f32(
            dots.start, dy.start, input.start, rows, columns, Int64(range.lowerBound),
            Int64(range.upperBound), 0)
        }
        for column in 0..<dy.columns {
          let share = dots.start[column] / (divisor?.start[column] ?? 1)
          dv[column] = beta == 0 ? share : dv[column] + share
        }
      }
    }
    g.add(bias, 1, dy.columns) { db, beta in
      Parallel.ranges(dy.columns, grain: 256) { range in
        k_column_sum_f32(
          db, dy.start, rows, columns, Int64(range.lowerBound), Int64(range.upperBound), beta)
      }
    }
    g.add(x, dy.rows, dy.columns) { dx, beta in
      Parallel.rows(dy.rows, columns: dy.columns) { range in
        let first = range.lowerBound * dy.columns
        k_scale_columns_f32(
          dx + first, dy.start + first, factors.start, Int64(range.count), columns, beta)
      }
    }
  }
}

/// Each column of x times its number of `v` [1, columns], divided by that of `divisor`, a constant; plus
/// `bias`.
public func scaleColumns(
  _ x: Tensor, by v: Tensor, over divisor: Tensor? = nil, plus bias: Tensor? = nil
) -> Tensor {
  precondition(
    v.count == x.columns && divisor?.count ?? v.count == v.count
      && bias?.count ?? v.count == v.count,
    "scaleColumns: x \(x.shape), v \(v.shape)")
  let factors = v.copy()
  if let divisor {
    for column in 0..<v.count { factors.start[column] /= divisor.start[column] }
  }
  let kept = v.slot == nil ? nil : Kept(x), constant = bias?.detached
  let y = scaled(x, factors, plus: constant)
    .recorded(
      ColumnScaling(
        x: x.slot, factors: factors, vector: v.slot, divisor: divisor?.detached, bias: bias?.slot,
        kept: kept), from: x.slot, v.slot, bias?.slot)
  // What is kept of x serves those who would keep y.
  guard let kept else { return y }
  return y.recalled { scaled(kept.value, factors, plus: constant) }
}

private func scaled(_ x: Tensor, _ factors: Tensor, plus bias: Tensor?) -> Tensor {
  let y = Tensor(x.rows, x.columns)
  Stopwatch.time("ColumnScaling", .forward) {
    Parallel.rows(x.rows, columns: x.columns) { range in
      let first = range.lowerBound * x.columns, rows = Int64(range.count)
      k_scale_columns_f32(
        y.start + first, x.start + first, factors.start, rows, Int64(x.columns), 0)
      if let bias { k_add_row_f32(y.start + first, bias.start, rows, Int64(x.columns)) }
    }
  }
  return y
}

/// y[r] = x[r] · e[r].
struct RowScaling: Operation {
  let x: Slot?, input: Tensor, factors: Tensor, vector: Slot?

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    g.add(vector, dy.rows, 1) { de, beta in
      k_row_dots_f32(de, dy.start, input.start, Int64(dy.rows), Int64(dy.columns), beta)
    }
    g.add(x, dy.rows, dy.columns) { dx, beta in
      for row in 0..<dy.rows {
        let first = row * dy.columns
        axpby(dx + first, dy.start + first, factors.start[row], beta, dy.columns)
      }
    }
  }
}

/// Each row of x times its number of `e` [rows, 1]. For parameters: x is kept as it is.
public func scaleRows(_ x: Tensor, by e: Tensor) -> Tensor {
  precondition(e.count == x.rows, "scaleRows: x \(x.shape), e \(e.shape)")
  let y = x.copy()
  k_scale_rows_f32(y.start, e.start, Int64(x.rows), Int64(x.columns))
  return y.recorded(
    RowScaling(x: x.slot, input: x.detached, factors: e.detached, vector: e.slot),
    from: x.slot, e.slot)
}

/// D(x), whose mask is drawn again on the way back.
struct Dropping: Operation {
  let x: Slot?, dropout: Dropout

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    g.add(x, dy.rows, dy.columns) { dx, beta in dropout.apply(dx, dy, beta: beta) }
  }
}

/// x with a share of its elements 0 and the others so much greater.
public func drop(_ x: Tensor, _ dropout: Dropout) -> Tensor {
  let kept = Kept(x)
  return dropout.applied(to: x).recorded(Dropping(x: x.slot, dropout: dropout), from: x.slot)
    .recalled { dropout.applied(to: kept.value) }
}
