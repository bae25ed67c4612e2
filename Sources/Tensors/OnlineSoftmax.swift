import CKernels

/// softmax(x · Wᵀ) for a W so wide that its columns pass by in parts.
final class OnlineSoftmax {
  private let x: Tensor, left: Gemm.Left, weight: Weight, targets: [Int32]
  /// Vocabulary entries whose scores exist at once.
  private static let width = 2048
  private let top: Tensor, sum: Tensor, factor: Tensor
  private let scores: Buffer, packed: Buffer
  private var chosen: [Float], isFirst: [Bool]

  init(_ x: Tensor, _ weight: Weight, targets: [Int32]) {
    precondition(
      x.columns == weight.columns, "head: x \(x.shape), W [\(weight.rows), \(weight.columns)]")
    precondition(
      targets.allSatisfy { $0 >= 0 && Int($0) < weight.rows },
      "head: targets \(targets) of \(weight.rows)")
    self.x = x
    self.weight = weight
    self.targets = targets
    left = Gemm.Left(x)
    top = Tensor(rows: x.rows, columns: 1, repeating: -.infinity)
    sum = Tensor(rows: x.rows, columns: 1, repeating: 0)
    factor = Tensor(rows: x.rows, columns: 1, repeating: 1)
    let width = min(Self.width, weight.rows)
    scores = Buffer(x.rows * width)
    packed = Buffer(Gemm.packedCount(rows: x.rows, depth: width))
    chosen = Array(repeating: 0, count: x.rows)
    isFirst = Array(repeating: false, count: x.rows)
  }

  /// Lets the vocabulary pass by. `difference` becomes the expected row of W less the target's, which
  /// is −∂log p/∂x.
  func pass(difference dx: UnsafeMutablePointer<Float>?) {
    forEachPart { part in
      let columns = part.count
      for (row, target) in targets.enumerated() where part.contains(Int(target)) {
        let line = scores.start + row * columns, column = Int(target) - part.lowerBound
        chosen[row] = line[column]
        isFirst[row] =
          line[column] > top.start[row] && !(0..<column).contains { line[$0] == line[column] }
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
    }
  }

  /// Each row's log probability of its target, once the vocabulary has passed.
  var logProbabilities: [Float] {
    chosen.indices.map { -Float(logSum($0) - Double(chosen[$0])) }
  }

  /// Whether each row's target has the highest score, and is the first that has it: the one that greedy
  /// decoding takes. Where all scores are alike, nearly nothing is right.
  var hits: [Bool] { chosen.indices.map { isFirst[$0] && chosen[$0] >= top.start[$0] } }

  /// log Σ exp(score) of each row.
  var logSums: [Float] { (0..<x.rows).map { Float(logSum($0)) } }

  /// dx := Σ f · difference and dw += the same of W, for each row's factor f: the second pass over a
  /// W that is trained, for probabilities that its gradient needs.
  func gradients(
    _ dx: UnsafeMutablePointer<Float>?, _ dw: Tensor, logSums: [Float], factors: [Float],
    isFirst: Bool
  ) {
    let logSums = Tensor(rows: x.rows, columns: 1, values: logSums)
    let isScaled = factors.contains { $0 != 1 }
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
      for (row, factor) in factors.enumerated() where isScaled {
        for column in 0..<columns { scores.start[row * columns + column] *= factor }
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
