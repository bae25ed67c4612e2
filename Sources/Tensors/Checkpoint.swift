/// Runs `body` without keeping what it computes; the way back computes it again, as part of the same
/// forward pass.
struct Recomputation: Operation {
  let x: Tensor, body: (Tensor) -> Tensor
  let pass = ForwardPass.current

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    let leaf = Slot()
    let y = Recording.on { pass.run { body(x.asLeaf(leaf)) } }
    y.backward(from: dy, into: &g)
    if let dx = g[leaf] { g.pass(x.slot, dx) }
    g.forget(leaf)
  }
}

/// body(x), of which only x is kept (Chen et al. 2016). Parameters that `body` reads collect their
/// gradients as usual; `body` must compute the same every time.
public func checkpoint(_ x: Tensor, _ body: @escaping (Tensor) -> Tensor) -> Tensor {
  guard Recording.isOn else { return body(x) }
  // Parameters inside may want gradients even where x does not: the edge is always recorded.
  return Recording.off { body(x.detached) }.recorded(
    Recomputation(x: x, body: body), from: x.slot ?? Slot())
}
