import CKernels

struct GELU: Operation {
  let x: Kept

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    let value = x.value
    g.add(x.slot, x.rows, x.columns) { dx, beta in
      Parallel.ranges(dy.count, grain: 1 << 15) { range in
        let first = range.lowerBound
        k_gelu_backward_f32(
          dx + first, dy.start + first, value.start + first, Int64(range.count), beta)
      }
    }
  }
}

/// x · Φ(x) for the normal distribution's Φ, element by element (Hendrycks & Gimpel 2016): the exact
/// function, not its approximation by tanh.
public func gelu(_ x: Tensor) -> Tensor {
  let kept = Kept(x)
  return activated(x).recorded(GELU(x: kept), from: x.slot).recalled { activated(kept.value) }
}

private func activated(_ x: Tensor) -> Tensor {
  let y = Tensor(x.rows, x.columns)
  Stopwatch.time("GELU", .forward) {
    Parallel.ranges(x.count, grain: 1 << 15) { range in
      let first = range.lowerBound
      k_gelu_f32(y.start + first, x.start + first, Int64(range.count))
    }
  }
  return y
}
