/// y[i] = x[indices[i]]; on the way back rows are added where they came from, in order.
struct RowSelection: Operation {
  let x: Slot?, rows: Int, indices: [Int]

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    g.add(x, rows, dy.columns) { dx, beta in
      if beta == 0 { dx.update(repeating: 0, count: rows * dy.columns) }
      for (row, index) in indices.enumerated() {
        axpby(dx + index * dy.columns, dy.start + row * dy.columns, 1, 1, dy.columns)
      }
    }
  }
}

/// The rows `indices` of x, in their order.
public func selectRows(_ x: Tensor, _ indices: [Int]) -> Tensor {
  let y = Tensor(indices.count, x.columns)
  for (row, index) in indices.enumerated() {
    precondition(x.rows > index && index >= 0, "selectRows: row \(index) of \(x.rows)")
    (y.start + row * x.columns).update(from: x.start + index * x.columns, count: x.columns)
  }
  return y.recorded(
    RowSelection(x: x.slot, rows: x.rows, indices: indices), from: x.slot)
}

/// dW[id] += dy[row], row after row: repeated ids add up in the order of the text.
struct Embedding: Operation {
  let weight: Weight, ids: [Int32]

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    g.add(weight.slot, weight.rows, weight.columns) { dw, beta in
      if beta == 0 { dw.update(repeating: 0, count: weight.rows * weight.columns) }
      for (row, id) in ids.enumerated() {
        axpby(dw + Int(id) * dy.columns, dy.start + row * dy.columns, 1, 1, dy.columns)
      }
    }
  }
}

/// The rows of a weight [vocabulary, features] for `ids`, in f32.
public func embed(_ ids: [Int32], _ weight: Weight) -> Tensor {
  let y = Tensor(ids.count, weight.columns)
  Stopwatch.time("Embedding", .forward) {
    for (row, id) in ids.enumerated() {
      precondition(id >= 0 && Int(id) < weight.rows, "embed: id \(id) of \(weight.rows)")
      weight.read(Int(id)..<Int(id) + 1, 0..<weight.columns, into: y.start + row * weight.columns)
    }
  }
  return y.recorded(Embedding(weight: weight, ids: ids), from: weight.slot)
}
