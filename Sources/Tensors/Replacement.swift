/// x with the rows `places` replaced by z's: there the gradient goes to z, elsewhere to x.
struct Replacement: Operation {
  let x: Slot?, z: Slot?, places: [Int]

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    if x != nil {
      let dx = dy.copy()
      for place in places {
        (dx.start + place * dx.columns).update(repeating: 0, count: dx.columns)
      }
      g.pass(x, dx)
    }
    if z != nil { g.pass(z, selectRows(dy.detached, places)) }
  }
}

/// x, whose rows `places` (rising) are z's rows, in their order: features of sound or image among
/// embedded tokens.
public func replaceRows(_ x: Tensor, _ places: [Int], with z: Tensor) -> Tensor {
  precondition(
    places.count == z.rows && x.columns == z.columns,
    "replaceRows: \(places.count) rows of x \(x.shape) by z \(z.shape)")
  precondition(
    zip(places, places.dropFirst()).allSatisfy { $0 < $1 } && places.allSatisfy { $0 >= 0 }
      && places.last ?? 0 < max(x.rows, 1), "replaceRows: rows \(places) of \(x.rows)")
  let y = x.copy()
  for (row, place) in places.enumerated() {
    (y.start + place * y.columns).update(from: z.start + row * z.columns, count: z.columns)
  }
  return y.recorded(Replacement(x: x.slot, z: z.slot, places: places), from: x.slot, z.slot)
}
