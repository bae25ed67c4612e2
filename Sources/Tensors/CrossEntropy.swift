import CKernels

/// The gradient is made on the way forward, part by part, so that logits exist for one part only;
/// the way back scales it.
struct LinearCrossEntropy: Operation {
  let x: Slot?, weight: Slot?, dx: Tensor?, dw: Tensor?

  func pullback(_ dy: Tensor, into g: inout Gradients) {
    let scale = dy.scalar
    for (slot, gradient) in [(x, dx), (weight, dw)] {
      guard let gradient else { continue }
      g.add(slot, gradient.rows, gradient.columns) { sum, beta in
        axpby(sum, gradient.start, scale, beta, gradient.count)
      }
    }
  }
}

/// What a head's cross-entropy says.
public struct CrossEntropy {
  /// Σ over rows of weight · loss, [1, 1]; on the tape.
  public let sum: Tensor
  /// Each row's own loss, without its weight; whether its target was the likeliest of all.
  public let rows: [Float], hits: [Bool]
}

/// Σ over rows of weight · −log softmax(x · Wᵀ)[target]; x [rows, features], W [vocabulary, features].
/// Weights are 1 where left out; a row that is to learn a distribution comes once for each target.
///
/// A frozen W is read once: like attention with W as keys and values, the expected row of W under
/// the softmax is summed online, and dx is that row less the target's. A trained W is read again
/// when the sums are known, for probabilities that its gradient needs.
public func linearCrossEntropy(
  _ x: Tensor, _ weight: Weight, targets: [Int32], weights: [Float]? = nil
) -> CrossEntropy {
  precondition(
    weights?.count ?? targets.count == targets.count,
    "head: \(targets.count) targets, \(weights?.count ?? 0) weights")
  let trainsWeight = weight.slot != nil && Recording.isOn
  let wantsInput = x.slot != nil && Recording.isOn
  let dx = wantsInput ? Tensor(x.rows, x.columns) : nil
  let dw = trainsWeight ? Tensor(weight.rows, weight.columns) : nil
  var rows: [Float] = [], hits: [Bool] = []
  for part in parts(x, targets) {
    rows += Stopwatch.time("LinearCrossEntropy", .forward) {
      let softmax = OnlineSoftmax(
        part.x, weight, targets: part.targets,
        weights: weights.map { Array($0[part.first..<part.first + part.targets.count]) })
      defer { hits += softmax.hits }
      let dx = dx.map { $0.start + part.first * x.columns }
      guard let dw else { return softmax.losses(expected: dx) }
      let losses = softmax.losses(expected: nil)
      softmax.gradients(dx, dw, isFirst: part.first == 0)
      return losses
    }
  }
  let total = rows.indices.reduce(0.0) { $0 + Double(rows[$1]) * Double(weights?[$1] ?? 1) }
  let sum = Tensor(rows: 1, columns: 1, values: [Float(total)]).recorded(
    LinearCrossEntropy(x: x.slot, weight: weight.slot, dx: dx, dw: dw), from: x.slot, weight.slot)
  return CrossEntropy(sum: sum, rows: rows, hits: hits)
}

/// log softmax(x · Wᵀ)[target] for each row; a constant.
public func logProbabilities(_ x: Tensor, _ weight: Weight, targets: [Int32]) -> [Float] {
  parts(x, targets).flatMap {
    OnlineSoftmax($0.x, weight, targets: $0.targets).losses(expected: nil).map { -$0 }
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

/// softmax(x · Wᵀ) for a W so wide that its columns pass by in parts.
private final class OnlineSoftmax {
  private let x: Tensor, left: Gemm.Left, weight: Weight, targets: [Int32], weights: [Float]?
  /// Vocabulary entries whose scores exist at once.
  private static let width = 2048
  private let top: Tensor, sum: Tensor, factor: Tensor
  private let scores: Buffer, packed: Buffer
  private var chosen: [Float]

  init(_ x: Tensor, _ weight: Weight, targets: [Int32], weights: [Float]? = nil) {
    precondition(
      x.columns == weight.columns, "head: x \(x.shape), W [\(weight.rows), \(weight.columns)]")
    precondition(
      targets.allSatisfy { $0 >= 0 && Int($0) < weight.rows },
      "head: targets \(targets) of \(weight.rows)")
    self.x = x
    self.weight = weight
    self.targets = targets
    self.weights = weights
    left = Gemm.Left(x)
    top = Tensor(rows: x.rows, columns: 1, repeating: -.infinity)
    sum = Tensor(rows: x.rows, columns: 1, repeating: 0)
    factor = Tensor(rows: x.rows, columns: 1, repeating: 1)
    let width = min(Self.width, weight.rows)
    scores = Buffer(x.rows * width)
    packed = Buffer(Gemm.packedCount(rows: x.rows, depth: width))
    chosen = Array(repeating: 0, count: x.rows)
  }

  /// Each row's −log probability of its target. `expected` becomes dx: the expected row of W less
  /// the target's.
  func losses(expected dx: UnsafeMutablePointer<Float>?) -> [Float] {
    forEachPart { part in
      let columns = part.count
      for (row, target) in targets.enumerated() where part.contains(Int(target)) {
        chosen[row] = scores.start[row * columns + Int(target) - part.lowerBound]
      }
      // A panel's exponentials are packed for the next product while they lie in the cache.
      Parallel.ranges(x.rows, grain: Gemm.panel) { rows in
        let first = rows.lowerBound, count = Int64(rows.count), width = Int64(columns)
        k_online_softmax_f32(
          scores.start + first * columns, top.start + first, sum.start + first,
          factor.start + first, count, width)
        if dx != nil {
          Gemm.packRows(packed, probabilities(columns), rows, asBF16: left.isBF16)
        }
      }
      guard let dx else { return }
      if part.lowerBound > 0 { scale(dx) }
      let packedScores = Gemm.Left(probabilities(columns), packed: packed)
      Gemm.sum(
        dx, [Gemm.Term(packedScores, weight, rows: part)], beta: part.lowerBound == 0 ? 0 : 1)
    }
    if let dx {
      for row in 0..<x.rows { factor.start[row] = 1 / sum.start[row] }
      scale(dx)
      subtractTargets(dx)
      if let weights {
        for row in 0..<x.rows { factor.start[row] = weights[row] }
        scale(dx)
      }
    }
    return chosen.indices.map { Float(logSum($0) - Double(chosen[$0])) }
  }

  /// Whether each row's target has the highest score, once `losses` has been asked.
  var hits: [Bool] { chosen.indices.map { chosen[$0] >= top.start[$0] } }

  /// dx and dw of the summed losses, once `losses` has been asked.
  func gradients(_ dx: UnsafeMutablePointer<Float>?, _ dw: Tensor, isFirst: Bool) {
    let logSums = Tensor(x.rows, 1)
    for row in 0..<x.rows {
      logSums.start[row] = Float(logSum(row))
    }
    forEachPart { part in
      let columns = part.count
      Parallel.rows(x.rows, columns: columns) { rows in
        let first = rows.lowerBound
        k_softmax_again_f32(
          scores.start + first * columns, logSums.start + first, Int64(rows.count), Int64(columns))
      }
      for (row, target) in targets.enumerated() where part.contains(Int(target)) {
        scores.start[row * columns + Int(target) - part.lowerBound] -= 1
      }
      for (row, weight) in (weights ?? []).enumerated() {
        for column in 0..<columns { scores.start[row * columns + column] *= weight }
      }
      let dlogits = probabilities(columns)
      if let dx {
        Gemm.sum(
          dx, [Gemm.Term(Gemm.Left(dlogits), weight, rows: part)],
          beta: part.lowerBound == 0 ? 0 : 1)
      }
      Gemm.sum(
        dw.start + part.lowerBound * dw.columns,
        [Gemm.Term(Gemm.Left(dlogits, isTransposed: true), x)], beta: isFirst ? 0 : 1)
    }
  }

  private func logSum(_ row: Int) -> Double {
    Double(top.start[row]) + logarithm(Double(sum.start[row]))
  }

  /// Computes the scores of one part of the vocabulary after the other.
  private func forEachPart(_ body: (Range<Int>) -> Void) {
    for first in stride(from: 0, to: weight.rows, by: Self.width) {
      let part = first..<min(first + Self.width, weight.rows)
      Gemm.sum(scores.start, [Gemm.Term(left, weight, rows: part, isTransposed: true)])
      body(part)
    }
  }

  /// The scores as a matrix.
  private func probabilities(_ columns: Int) -> Tensor {
    Tensor(rows: x.rows, columns: columns, buffer: scores, slot: nil)
  }

  private func scale(_ dx: UnsafeMutablePointer<Float>) {
    Parallel.rows(x.rows, columns: x.columns) { rows in
      k_scale_rows_f32(
        dx + rows.lowerBound * x.columns, factor.start + rows.lowerBound, Int64(rows.count),
        Int64(x.columns))
    }
  }

  private func subtractTargets(_ dx: UnsafeMutablePointer<Float>) {
    let rows = embed(targets, weight)
    axpby(dx, rows.start, -1, 1, rows.count)
  }
}
