import CKernels

/// y = n · w + b for n = (x − mean(x)) · rstd(x)
struct LayerNorm: Operation {
  let x: Kept, weight: Tensor, bias: Slot?, moments: Moments

  /// Each row's mean and 1 / √(variance + eps).
  struct Moments {
    let mean: Buffer, rstd: Buffer

    init(_ rows: Int) {
      mean = Buffer(rows)
      rstd = Buffer(rows)
    }
  }

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    let columns = x.columns, x = x.value
    g.add(weight.slot, 1, columns) { dw, beta in
      Parallel.ranges(columns, grain: 256) { range in
        k_layer_norm_weight_backward_f32(
          dw, dy.start, x.start, moments.mean.start, moments.rstd.start, Int64(x.rows),
          Int64(columns), Int64(range.lowerBound), Int64(range.upperBound), beta)
      }
    }
    g.add(bias, 1, columns) { db, beta in
      Parallel.ranges(columns, grain: 256) { range in
        k_column_sum_f32(
          db, dy.start, Int64(dy.rows), Int64(columns), Int64(range.lowerBound),
          Int64(range.upperBound), beta)
      }
    }
    g.add(self.x.slot, x.rows, columns) { dx, beta in
      Parallel.rows(x.rows, columns: columns) { rows in
        let first = rows.lowerBound * columns
        k_layer_norm_backward_f32(
          dx + first, dy.start + first, x.start + first, weight.start,
          moments.mean.start + rows.lowerBound, moments.rstd.start + rows.lowerBound,
          Int64(rows.count), Int64(columns), beta)
      }
    }
  }
}

/// Layer normalization (Ba et al. 2016): each row less its mean, divided by √(variance + eps), times
/// w [1, columns], plus b [1, columns].
public func layerNorm(_ x: Tensor, _ weight: Tensor, _ bias: Tensor, eps: Float) -> Tensor {
  precondition(
    x.columns == weight.count && x.columns == bias.count,
    "layerNorm: x \(x.shape), weight \(weight.shape), bias \(bias.shape)")
  let moments = LayerNorm.Moments(x.rows), kept = Kept(x)
  return normalized(x, weight, bias, eps: eps, moments)
    .recorded(
      LayerNorm(x: kept, weight: weight, bias: bias.slot, moments: moments),
      from: x.slot, weight.slot, bias.slot
    )
    .recalled { normalized(kept.value, weight, bias, eps: eps, .init(kept.rows)) }
}

private func normalized(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor, eps: Float, _ moments: LayerNorm.Moments
) -> Tensor {
  let y = Tensor(x.rows, x.columns)
  Stopwatch.time("LayerNorm", .forward) {
    Parallel.rows(x.rows, columns: x.columns) { rows in
      let first = rows.lowerBound * x.columns
      k_layer_norm_f32(
        y.start + first, moments.mean.start + rows.lowerBound,
        moments.rstd.start + rows.lowerBound, x.start + first, weight.start, bias.start,
        Int64(rows.count), Int64(x.columns), eps)
    }
  }
  return y
}
