import CKernels

struct Sum: Operation {
  let a: Slot?, b: Slot?

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    g.pass(a, dy)
    g.pass(b, dy)
  }
}

struct Scaling: Operation {
  let x: Slot?, factor: Float

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    g.add(x, dy.rows, dy.columns) { dx, beta in axpby(dx, dy.start, factor, beta, dy.count) }
  }
}

extension Tensor {
  /// The sum of two matrices of one shape.
  public static func + (a: Tensor, b: Tensor) -> Tensor {
    precondition(a.rows == b.rows && a.columns == b.columns, "sum: \(a.shape) + \(b.shape)")
    let y = Tensor(a.rows, a.columns)
    Stopwatch.time("Sum", .forward) {
      Parallel.ranges(a.count, grain: 1 << 16) { range in
        let first = range.lowerBound
        k_add_f32(y.start + first, a.start + first, b.start + first, Int64(range.count))
      }
    }
    return y.recorded(Sum(a: a.slot, b: b.slot), from: a.slot, b.slot)
  }

  /// Each number times `factor`.
  public static func * (factor: Float, x: Tensor) -> Tensor {
    let y = Tensor(x.rows, x.columns)
    axpby(y.start, x.start, factor, 0, x.count)
    return y.recorded(Scaling(x: x.slot, factor: factor), from: x.slot)
  }
}
