import CKernels

/// A low-rank part of a projection, scale · D(x) · Aᵀ · Bᵀ for A [rank, inputs] and B [outputs, rank]
/// (Hu et al. 2021, eq. 3); D is a dropout on what the part reads, as in PEFT.
public struct LowRank {
  let a: Tensor, b: Tensor, scale: Float, dropout: Dropout?

  /// Assembles the part.
  public init(_ a: Tensor, _ b: Tensor, scale: Float, dropout: Dropout? = nil) {
    precondition(a.rows == b.columns, "low rank: A \(a.shape), B \(b.shape)")
    self.a = a
    self.b = b
    self.scale = scale
    self.dropout = dropout
  }

  /// Whether a gradient of A or of B is wanted.
  fileprivate var isTrained: Bool { a.slot != nil || b.slot != nil }

  /// D(x) · Aᵀ, [tokens, rank].
  fileprivate func hidden(_ x: Tensor, _ left: Gemm.Left) -> Tensor {
    let hidden = Tensor(x.rows, a.rows)
    Stopwatch.time("LowRank", .forward) {
      let input = dropout.map { Gemm.Left($0.applied(to: x)) } ?? left
      Gemm.sum(hidden.start, [Gemm.Term(input, a, isTransposed: true)])
    }
    return hidden
  }

  /// dy · B.
  fileprivate func hiddenGradient(_ dy: Gemm.Left) -> Tensor {
    let dhidden = Tensor(dy.rows, a.rows)
    Gemm.sum(dhidden.start, [Gemm.Term(dy, b)])
    return dhidden
  }
}

/// y = x · Wᵀ + b + Σ s · D(x) · Aᵀ · Bᵀ. A frozen projection without a trained part keeps nothing of
/// x; trained matrices keep it for their gradients.
struct Projection: Operation {
  let x: Slot?, inputs: Int, weight: Weight, bias: Slot?
  let kept: Kept?, parts: [Part]

  /// A low-rank part and, where it is trained, D(x) · Aᵀ.
  struct Part { let lowRank: LowRank, hidden: Tensor? }

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    let left = Gemm.Left(dy), input = kept?.value
    var dx = [Gemm.Term(left, weight)]
    for part in parts where x != nil || part.hidden != nil {
      let lowRank = part.lowRank
      let dhidden = Stopwatch.time("LowRank", .backward) {
        pullback(part, input, left, into: &g)
      }
      guard let dropout = lowRank.dropout else {
        dx.append(Gemm.Term(.init(dhidden, alpha: lowRank.scale), lowRank.a))
        continue
      }
      g.add(x, dy.rows, inputs) { dx, beta in
        let masked = Tensor(dy.rows, inputs)
        Gemm.sum(masked.start, [Gemm.Term(.init(dhidden, alpha: lowRank.scale), lowRank.a)])
        dropout.apply(dx, masked, beta: beta)
      }
    }
    g.add(x, dy.rows, inputs) { Gemm.sum($0, dx, beta: $1) }
    if let input {
      g.add(weight.slot, weight.rows, weight.columns) { dw, beta in
        Gemm.sum(dw, [Gemm.Term(.init(dy, isTransposed: true), input)], beta: beta)
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

  /// Adds the gradients of A and B; returns dy · B.
  private func pullback(
    _ part: Part, _ input: Tensor?, _ dy: Gemm.Left, into g: inout Gradients
  ) -> Tensor {
    let lowRank = part.lowRank
    guard let hidden = part.hidden, let input else { return lowRank.hiddenGradient(dy) }
    g.add(lowRank.b.slot, lowRank.b.rows, lowRank.b.columns) { db, beta in
      Gemm.outer(db, dy, hidden, alpha: lowRank.scale, beta: beta)
    }
    let dhidden = lowRank.hiddenGradient(dy)
    g.add(lowRank.a.slot, lowRank.a.rows, lowRank.a.columns) { da, beta in
      let left = Gemm.Left(dhidden, isTransposed: true, alpha: lowRank.scale)
      let read = lowRank.dropout?.applied(to: input) ?? input
      Gemm.sum(da, [Gemm.Term(left, read)], beta: beta)
    }
    return dhidden
  }
}

/// y = x · Wᵀ + b, plus a low-rank part, for x [tokens, inputs], W [outputs, inputs], b [1, outputs].
public func project(
  _ x: Tensor, _ weight: Weight, bias: Tensor? = nil, plus lowRank: LowRank? = nil
) -> Tensor {
  project(x, weight, bias: bias, plus: lowRank.map { [$0] } ?? [])
}

/// The same plus several low-rank parts, which are terms of one sum.
public func project(
  _ x: Tensor, _ weight: Weight, bias: Tensor? = nil, plus parts: [LowRank]
) -> Tensor {
  precondition(
    x.columns == weight.columns,
    "projection: x \(x.shape) · Wᵀ of [\(weight.rows), \(weight.columns)]")
  for part in parts {
    precondition(
      part.a.columns == weight.columns && part.b.rows == weight.rows,
      "projection: [\(weight.rows), \(weight.columns)], A \(part.a.shape), B \(part.b.shape)")
  }
  let y = Tensor(x.rows, weight.rows), left = Gemm.Left(x)
  let hidden = parts.map { $0.hidden(x, left) }
  Stopwatch.time("Projection", .forward) {
    var terms: [Gemm.Term] = []
    let isFew = FewRows.fits(x)
    if isFew {
      FewRows.product(y, x, weight)
    } else {
      terms.append(Gemm.Term(left, weight, isTransposed: true))
    }
    for (part, hidden) in zip(parts, hidden) {
      terms.append(Gemm.Term(.init(hidden, alpha: part.scale), part.b, isTransposed: true))
    }
    Gemm.sum(y.start, terms, beta: isFew ? 1 : 0)
    if let bias { add(bias, to: y) }
  }
  let kept = zip(parts, hidden).map { part, hidden in
    Projection.Part(lowRank: part, hidden: part.isTrained ? hidden : nil)
  }
  let trains = weight.slot != nil || parts.contains(where: \.isTrained)
  return y.recorded(
    Projection(
      x: x.slot, inputs: x.columns, weight: weight, bias: bias?.slot,
      kept: trains ? Kept(x) : nil, parts: kept),
    from: [x.slot, weight.slot, bias?.slot] + parts.flatMap { [$0.a.slot, $0.b.slot] })
}

/// Adds the bias to each row.
private func add(_ bias: Tensor, to y: Tensor) {
  precondition(bias.count == y.columns, "projection: bias \(bias.shape) for \(y.columns)")
  Parallel.rows(y.rows, columns: y.columns) { rows in
    k_add_row_f32(
      y.start + rows.lowerBound * y.columns, bias.start, Int64(rows.count), Int64(y.columns))
  }
}
