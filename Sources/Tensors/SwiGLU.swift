import CKernels

struct SwiGLU: Operation {
  let gate: Kept, up: Kept

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    let (gateSlot, upSlot) = (gate.slot, up.slot)
    let gate = gate.value, up = up.value
    g.add(gateSlot, gate.rows, gate.columns) { dgate, beta in
      Parallel.ranges(gate.count, grain: 1 << 15) { range in
        let first = range.lowerBound
        k_swiglu_backward_f32(
          dgate + first, nil, dy.start + first, gate.start + first, up.start + first,
          Int64(range.count), beta, 0)
      }
    }
    g.add(upSlot, up.rows, up.columns) { dup, beta in
      Parallel.ranges(up.count, grain: 1 << 15) { range in
        let first = range.lowerBound
        k_swiglu_backward_f32(
          nil, dup + first, dy.start + first, gate.start + first, up.start + first,
          Int64(range.count), 0, beta)
      }
    }
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
