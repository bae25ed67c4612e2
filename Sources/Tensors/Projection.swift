import CKernels

/// y = x · Wᵀ + b. A frozen projection keeps nothing of x; a trained one keeps x for dW = dyᵀ · x.
struct Projection: Operation {
  let x: Slot?, weight: Weight, bias: Slot?, trainedInput: Tensor?

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    g.add(x, dy.rows, weight.columns) { dx, beta in
      Gemm.backward(dx, dy, weight, beta: beta)
    }
    if let input = trainedInput {
      g.add(weight.slot, weight.rows, weight.columns) { dw, beta in
        Gemm.product(
          dw, .init(dy, isTransposed: true), .init(input), m: weight.rows, n: weight.columns,
          k: dy.rows, beta: beta)
      }
    }
    g.add(bias, 1, dy.columns) { db, beta in
      Parallel.ranges(dy.columns, grain: 256) { range in
        k_column_sum_f32(
          db, dy.start, Int64(dy.rows), Int64(dy.columns), Int64(range.lowerBound),
          Int64(range.upperBound), beta)
      }
    }
  }
}

/// y = x · Wᵀ + b for x [tokens, inputs], W [outputs, inputs], b [1, outputs].
public func project(_ x: Tensor, _ weight: Weight, bias: Tensor? = nil) -> Tensor {
  precondition(
    x.columns == weight.columns,
    "projection: x \(x.shape) · Wᵀ of [\(weight.rows), \(weight.columns)]")
  let y = Tensor(x.rows, weight.rows)
  Gemm.forward(y, x, weight)
  if let bias {
    precondition(bias.count == weight.rows, "projection: bias \(bias.shape) for \(weight.rows)")
    Parallel.rows(y.rows, columns: y.columns) { rows in
      k_add_row_f32(
        y.start + rows.lowerBound * y.columns, bias.start, Int64(rows.count), Int64(y.columns))
    }
  }
  return y.recorded(
    Projection(
      x: x.slot, weight: weight, bias: bias?.slot,
      trainedInput: weight.slot == nil ? nil : x.detached),
    from: x.slot, weight.slot, bias?.slot)
}

/// y = base + scale · D(x) · Aᵀ · Bᵀ, D a dropout.
struct LowRank: Operation {
  let base: Slot?, x: Tensor, a: Tensor, b: Tensor, hidden: Tensor, scale: Float, dropout: Dropout?

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    g.pass(base, dy)
    let rank = a.rows, rows = x.rows
    g.add(b.slot, b.rows, rank) { db, beta in
      Gemm.product(
        db, .init(dy, isTransposed: true), .init(hidden), m: b.rows, n: rank, k: rows,
        alpha: scale, beta: beta)
    }
    let dh = Tensor(rows, rank)
    Gemm.product(dh.start, .init(dy), .init(b), m: rows, n: rank, k: b.rows, alpha: scale)
    g.add(a.slot, rank, a.columns) { da, beta in
      let input = dropout?.applied(to: x) ?? x
      Gemm.product(
        da, .init(dh, isTransposed: true), .init(input), m: rank, n: a.columns, k: rows,
        beta: beta)
    }
    guard let dropout else {
      return g.add(x.slot, rows, x.columns) { dx, beta in
        Gemm.product(dx, .init(dh), .init(a), m: rows, n: a.columns, k: rank, beta: beta)
      }
    }
    g.add(x.slot, rows, x.columns) { dx, beta in
      let masked = Tensor(rows, x.columns)
      Gemm.product(masked.start, .init(dh), .init(a), m: rows, n: a.columns, k: rank)
      dropout.apply(dx, masked, beta: beta)
    }
  }
}

/// base + scale · D(x) · Aᵀ · Bᵀ for base [tokens, outputs], x [tokens, inputs], A [rank, inputs],
/// B [outputs, rank] (Hu et al. 2021, eq. 3; the dropout acts on the adapter's input as in PEFT).
public func lowRank(
  _ x: Tensor, _ a: Tensor, _ b: Tensor, scale: Float, dropout: Dropout? = nil,
  onto base: consuming Tensor
) -> Tensor {
  precondition(
    x.columns == a.columns && a.rows == b.columns && b.rows == base.columns && x.rows == base.rows,
    "lowRank: x \(x.shape), A \(a.shape), B \(b.shape) onto \(base.shape)")
  let hidden = Tensor(x.rows, a.rows)
  let input = dropout?.applied(to: x) ?? x
  Gemm.product(
    hidden.start, .init(input), .init(a, isTransposed: true), m: x.rows, n: a.rows, k: x.columns)
  let slot = base.slot
  // In place when this is the last reference to the base: the usual case.
  var y = base
  if !isKnownUniquelyReferenced(&y.buffer) { y = y.copy() }
  Gemm.product(
    y.start, .init(hidden), .init(b, isTransposed: true), m: x.rows, n: b.rows, k: a.rows,
    alpha: scale, beta: 1)
  return y.detached.recorded(
    LowRank(
      base: slot, x: x, a: a, b: b, hidden: hidden, scale: scale, dropout: dropout),
    from: slot, x.slot, a.slot, b.slot)
}
