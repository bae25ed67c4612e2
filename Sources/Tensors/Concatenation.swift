/// Rows of several matrices, one after the other; each part's gradient goes to the rows it came from.
struct Concatenation: Operation {
  let parts: [(slot: Slot?, rows: Int, range: Range<Int>)]

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    let columns = dy.columns
    var row = 0
    for part in parts {
      let source = dy.start + row * columns, count = part.range.count * columns
      g.add(part.slot, part.rows, columns) { dx, beta in
        if beta == 0 { dx.update(repeating: 0, count: part.rows * columns) }
        axpby(dx + part.range.lowerBound * columns, source, 1, 1, count)
      }
      row += part.range.count
    }
  }
}

/// The rows `rows` of each x, one after the other; all have the same number of columns.
public func concatenateRows(_ parts: [(x: Tensor, rows: Range<Int>)]) -> Tensor {
  let columns = parts.first?.x.columns ?? 0
  let y = Tensor(parts.reduce(0) { $0 + $1.rows.count }, columns)
  var row = 0
  for (x, rows) in parts {
    precondition(
      x.columns == columns && rows.lowerBound >= 0 && rows.upperBound <= x.rows,
      "concatenateRows: rows \(rows) of \(x.shape), \(columns) columns")
    (y.start + row * columns).update(
      from: x.start + rows.lowerBound * columns, count: rows.count * columns)
    row += rows.count
  }
  let slots = parts.compactMap(\.x.slot)
  return y.recorded(
    Concatenation(parts: parts.map { ($0.x.slot, $0.x.rows, $0.rows) }), from: slots)
}
