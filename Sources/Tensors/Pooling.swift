/// y[i] = (x[2i] + x[2i + 1]) / 2 within segments
struct AveragePooling: Operation {
  let x: Slot?, segments: Segments

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    let columns = dy.columns
    g.add(x, segments.tokens, columns) { dx, beta in
      if beta == 0 { dx.update(repeating: 0, count: segments.tokens * columns) }
      segments.eachPair(columns: columns) { row, first in
        let source = dy.start + row * columns
        axpby(dx + first * columns, source, 0.5, 1, columns)
        axpby(dx + (first + 1) * columns, source, 0.5, 1, columns)
      }
    }
  }
}

extension Segments {
  /// The segments of half the rows, as `averagePairs` leaves them.
  public var halved: Segments { Segments(lengths: (0..<count).map { self[$0].count / 2 }) }

  /// Runs `body` for each pair of neighboring rows: its place among all pairs, its first row.
  fileprivate func eachPair(columns: Int, _ body: (_ row: Int, _ first: Int) -> Void) {
    let halves = halved
    for index in 0..<count {
      let from = self[index].lowerBound, to = halves[index].lowerBound
      Parallel.rows(halves[index].count, columns: columns) { rows in
        for row in rows { body(to + row, from + 2 * row) }
      }
    }
  }
}

/// The mean of each two neighboring rows of x within its segments, whose odd last rows are dropped:
/// average pooling of width and stride 2. Every segment has at least 2 rows.
public func averagePairs(_ x: Tensor, _ segments: Segments) -> Tensor {
  precondition(x.rows == segments.tokens, "averagePairs: x \(x.shape), \(segments.tokens) rows")
  let columns = x.columns, y = Tensor(segments.halved.tokens, columns)
  Stopwatch.time("AveragePooling", .forward) {
    segments.eachPair(columns: columns) { row, first in
      let target = y.start + row * columns
      axpby(target, x.start + first * columns, 0.5, 0, columns)
      axpby(target, x.start + (first + 1) * columns, 0.5, 1, columns)
    }
  }
  return y.recorded(AveragePooling(x: x.slot, segments: segments), from: x.slot)
}
