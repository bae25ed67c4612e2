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

/// The matrix `whole` with z's rows as its rows `places`, written in place: of a large matrix of which few
/// rows are trained, only these change from pass to pass.
public func writeRows(_ z: Tensor, into whole: Tensor, _ places: [Int]) -> Tensor {
  precondition(
    places.count == z.rows && whole.columns == z.columns
      && places.allSatisfy { (0..<whole.rows).contains($0) },
    "writeRows: \(places.count) rows of \(whole.shape) by z \(z.shape)")
  for (row, place) in places.enumerated() {
    (whole.start + place * whole.columns).update(
      from: z.start + row * z.columns, count: z.columns)
  }
  return whole.detached.recorded(Replacement(x: nil, z: z.slot, places: places), from: z.slot)
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
