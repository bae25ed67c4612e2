import CKernels

/// y = x · rstd(x) · w
struct RMSNorm: Operation {
  let x: Kept, weight: Tensor, rstd: Buffer

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    let columns = x.columns, x = x.value
    g.add(weight.slot, 1, columns) { dw, beta in
      Parallel.ranges(columns, grain: 256) { range in
        k_rms_norm_weight_backward_f32(
          dw, dy.start, x.start, rstd.start, Int64(x.rows), Int64(columns),
          Int64(range.lowerBound), Int64(range.upperBound), beta)
      }
    }
    g.add(self.x.slot, x.rows, columns) { dx, beta in
      Parallel.rows(x.rows, columns: columns) { rows in
        let first = rows.lowerBound * columns
        k_rms_norm_backward_f32(
          dx + first, dy.start + first, x.start + first, weight.start,
          rstd.start + rows.lowerBound, Int64(rows.count), Int64(columns), beta)
      }
    }
  }
}

/// Root-mean-square normalization (Zhang & Sennrich 2019): each row divided by √(mean(x²) + eps),
/// times w [1, columns]. For heads within rows, reshape so that a head is a row.
public func rmsNorm(_ x: Tensor, _ weight: Tensor, eps: Float) -> Tensor {
  precondition(x.columns == weight.count, "rmsNorm: x \(x.shape), weight \(weight.shape)")
  let rstd = Buffer(x.rows), kept = Kept(x)
  return normalized(x, weight, eps: eps, rstd)
    .recorded(RMSNorm(x: kept, weight: weight, rstd: rstd), from: x.slot, weight.slot)
    .recalled { normalized(kept.value, weight, eps: eps, Buffer(kept.rows)) }
}

private func normalized(_ x: Tensor, _ weight: Tensor, eps: Float, _ rstd: Buffer) -> Tensor {
  let y = Tensor(x.rows, x.columns)
  Stopwatch.time("RMSNorm", .forward) {
    Parallel.rows(x.rows, columns: x.columns) { rows in
      let first = rows.lowerBound * x.columns
      k_rms_norm_f32(
        y.start + first, rstd.start + rows.lowerBound, x.start + first, weight.start,
        Int64(rows.count), Int64(x.columns), eps)
    }
  }
  return y
}
