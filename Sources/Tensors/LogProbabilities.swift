import CKernels

/// log softmax(x · Wᵀ)[target] of each row of x, by a head W [vocabulary, features].
///
/// A frozen W is read once: like attention with W as keys and values, the expected row of W under the
/// softmax is summed online. What is kept of each row, the expected row less the target's, is
/// −∂log p/∂x, which the way back scales by whatever an objective makes of the log-probabilities. A
/// trained W is read again on the way back, for probabilities that its gradient needs.
public struct LogProbabilities {
  /// Each row's log-probability of its target; whether the target was the likeliest of all.
  public let values: [Float], hits: [Bool]
  fileprivate let x: Tensor, weight: Weight, targets: [Int32]
  /// −∂log p/∂x of each row, with a frozen head; log Σ exp(score) of each row, with a trained one.
  fileprivate let difference: Tensor?, logSums: [Float]

  /// A number that an objective computes from the values, on the tape: `derivative` is its derivative
  /// with respect to each of them. To be used once, since it takes the kept rows.
  public func objective(_ value: Double, derivative: [Float]) -> Tensor {
    precondition(
      derivative.count == values.count,
      "objective: \(derivative.count) derivatives of \(values.count) log-probabilities")
    return Tensor(rows: 1, columns: 1, values: [Float(value)]).recorded(
      ObjectiveValue(logProbabilities: self, factors: derivative.map { -$0 }),
      from: x.slot, weight.slot)
  }

  /// Each row's entropy in nats, where the head is frozen and x is on the tape: log Σ exp(score) less
  /// the expected score, which the kept rows know.
  public var entropies: [Double]? {
    guard let difference else { return nil }
    return values.indices.map { row in
      let inner = zip(x.row(row), difference.row(row)).reduce(0.0) {
        $0 + Double($1.0) * Double($1.1)
      }
      return -Double(values[row]) - inner
    }
  }
}

/// The log-probabilities of `targets`, one for each row of x [rows, features].
public func logProbabilities(_ x: Tensor, _ weight: Weight, targets: [Int32]) -> LogProbabilities {
  let trainsWeight = weight.slot != nil && Recording.isOn
  let wantsInput = x.slot != nil && Recording.isOn
  let difference = wantsInput && !trainsWeight ? Tensor(x.rows, x.columns) : nil
  var values: [Float] = [], hits: [Bool] = [], logSums: [Float] = []
  for part in parts(x, targets) {
    Stopwatch.time("LogProbabilities", .forward) {
      let softmax = OnlineSoftmax(part.x, weight, targets: part.targets)
      softmax.pass(difference: difference.map { $0.start + part.first * x.columns })
      values += softmax.logProbabilities
      hits += softmax.hits
      if trainsWeight { logSums += softmax.logSums }
    }
  }
  return LogProbabilities(
    values: values, hits: hits, x: x, weight: weight, targets: targets, difference: difference,
    logSums: logSums)
}

/// A function of log-probabilities, whose derivative is known.
struct ObjectiveValue: Operation {
  let logProbabilities: LogProbabilities
  /// −∂value/∂log p
  let factors: [Float]

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    let log = logProbabilities, scale = dy.scalar
    if let dx = log.difference {
      if factors.contains(where: { $0 != 1 }) { scaleRows(dx, by: factors) }
      return add(dx, log.x.slot, scale, to: &g)
    }
    let dx = log.x.slot.map { _ in Tensor(log.x.rows, log.x.columns) }
    let dw = Tensor(log.weight.rows, log.weight.columns)
    for part in parts(log.x, log.targets) {
      let rows = part.first..<part.first + part.targets.count
      OnlineSoftmax(part.x, log.weight, targets: part.targets).gradients(
        dx.map { $0.start + part.first * log.x.columns }, dw, logSums: Array(log.logSums[rows]),
        factors: Array(factors[rows]), isFirst: part.first == 0)
    }
    if let dx { add(dx, log.x.slot, scale, to: &g) }
    guard let slot = log.weight.slot, g[slot] == nil else {
      return add(dw, log.weight.slot, scale, to: &g)
    }
    // The first share needs no second matrix.
    axpby(dw.start, dw.start, scale, 0, dw.count)
    g.add(dw, for: slot)
  }

  private func add(_ gradient: Tensor, _ slot: Slot?, _ scale: Float, to g: inout Gradients) {
    g.add(slot, gradient.rows, gradient.columns) { sum, beta in
      axpby(sum, gradient.start, scale, beta, gradient.count)
    }
  }
}

/// Multiplies each row of x by its factor, in place.
private func scaleRows(_ x: Tensor, by factors: [Float]) {
  let factors = Tensor(rows: x.rows, columns: 1, values: factors)
  Parallel.rows(x.rows, columns: x.columns) { rows in
    k_scale_rows_f32(
      x.start + rows.lowerBound * x.columns, factors.start + rows.lowerBound, Int64(rows.count),
      Int64(x.columns))
  }
}

/// Pieces of at most 1024 rows, so that memory does not grow with the batch.
private func parts(_ x: Tensor, _ targets: [Int32]) -> [(first: Int, x: Tensor, targets: [Int32])] {
  precondition(x.rows == targets.count, "head: x \(x.shape), \(targets.count) targets")
  guard x.rows > 1024 else { return x.rows == 0 ? [] : [(0, x.detached, targets)] }
  return stride(from: 0, to: x.rows, by: 1024).map { first in
    let rows = first..<min(first + 1024, x.rows)
    return (first, selectRows(x.detached, Array(rows)), Array(targets[rows]))
  }
}
