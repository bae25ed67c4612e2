/// tanh(x), whose slope is 1 − tanh².
struct HyperbolicTangent: Operation {
  let x: Slot?, y: Tensor

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    g.add(x, y.rows, y.columns) { dx, beta in
      for index in 0..<y.count {
        let slope = 1 - y.start[index] * y.start[index]
        dx[index] = (beta == 0 ? 0 : dx[index]) + dy.start[index] * slope
      }
    }
  }
}

/// tanh of each number; of few numbers, one after the other.
public func tanh(_ x: Tensor) -> Tensor {
  let y = Tensor(x.rows, x.columns)
  for index in 0..<x.count { y.start[index] = hyperbolicTangent(x.start[index]) }
  return y.recorded(HyperbolicTangent(x: x.slot, y: y), from: x.slot)
}
