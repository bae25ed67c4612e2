import CKernels

struct SwiGLU: Operation {
  let gate: Kept, up: Kept

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    // Both gradients in one pass over the three operands.
    let x = (gate: gate.value, up: up.value)
    let dgate = Tensor(gate.rows, gate.columns), dup = Tensor(up.rows, up.columns)
    Parallel.ranges(dy.count, grain: 1 << 15) { range in
      let first = range.lowerBound
      k_swiglu_backward_f32(
        dgate.start + first, dup.start + first, dy.start + first, x.gate.start + first,
        x.up.start + first, Int64(range.count), 0, 0)
    }
    g.pass(gate.slot, dgate)
    g.pass(up.slot, dup)
  }
}

/// silu(gate) · up, element by element (Shazeer 2020).
public func swiglu(_ gate: Tensor, _ up: Tensor) -> Tensor {
  precondition(
    gate.rows == up.rows && gate.columns == up.columns, "swiglu: \(gate.shape), \(up.shape)")
  let keptGate = Kept(gate), keptUp = Kept(up)
  return product(gate, up)
    .recorded(SwiGLU(gate: keptGate, up: keptUp), from: gate.slot, up.slot)
    .recalled { product(keptGate.value, keptUp.value) }
}

private func product(_ gate: Tensor, _ up: Tensor) -> Tensor {
  let y = Tensor(gate.rows, gate.columns)
  Stopwatch.time("SwiGLU", .forward) {
    Parallel.ranges(gate.count, grain: 1 << 15) { range in
      let first = range.lowerBound
      k_swiglu_f32(
        y.start + first, gate.start + first, up.start + first, Int64(range.count))
    }
  }
  return y
}
