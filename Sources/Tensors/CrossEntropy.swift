import CKernels

/// The gradient is made on the way forward, chunk by chunk, so that logits exist for one chunk only;
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

/// Rows whose logits exist at once.
private let chunk = 256

/// Σ over rows of −log softmax(x · Wᵀ)[target], [1, 1], and each row's own loss; x [rows, features],
/// W [vocabulary, features].
public func linearCrossEntropy(_ x: Tensor, _ weight: Weight, targets: [Int32])
  -> (sum: Tensor, rows: [Float])
{
  precondition(
    x.rows == targets.count && x.columns == weight.columns,
    "linearCrossEntropy: x \(x.shape), \(targets.count) targets, "
      + "W [\(weight.rows), \(weight.columns)]")
  let losses = Buffer(max(x.rows, 1))
  let wantsInput = x.slot != nil && Recording.isOn,
    wantsWeight = weight.slot != nil && Recording.isOn
  let dx = wantsInput ? Tensor(x.rows, x.columns) : nil
  let dw = wantsWeight ? Tensor(weight.rows, weight.columns) : nil
  for first in stride(from: 0, to: x.rows, by: chunk) {
    let rows = first..<min(first + chunk, x.rows)
    let input = rowSlice(x, rows), logits = Tensor(rows.count, weight.rows)
    Gemm.forward(logits, input, weight)
    targets.withUnsafeBufferPointer { targets in
      Parallel.rows(rows.count, columns: weight.rows) { part in
        k_cross_entropy_f32(
          losses.start + first + part.lowerBound, logits.start + part.lowerBound * weight.rows,
          targets.baseAddress! + first + part.lowerBound, Int64(part.count), Int64(weight.rows), 1)
      }
    }
    if let dx { Gemm.backward(dx.start + first * x.columns, logits, weight, beta: 0) }
    if let dw {
      Gemm.product(
        dw.start, .init(logits, isTransposed: true), .init(input), m: weight.rows,
        n: weight.columns, k: rows.count, beta: first == 0 ? 0 : 1)
    }
  }
  let rowLosses = (0..<x.rows).map { losses.start[$0] }
  let total = Float(rowLosses.reduce(0.0) { $0 + Double($1) })
  let sum = Tensor(rows: 1, columns: 1, values: [total]).recorded(
    LinearCrossEntropy(x: x.slot, weight: weight.slot, dx: dx, dw: dw), from: x.slot, weight.slot)
  return (sum, rowLosses)
}

/// log softmax(x · Wᵀ)[target] for each row, chunk by chunk; a constant.
public func logProbabilities(_ x: Tensor, _ weight: Weight, targets: [Int32]) -> [Float] {
  precondition(x.rows == targets.count, "logProbabilities: x \(x.shape), \(targets.count) targets")
  let result = Buffer(max(x.rows, 1))
  for first in stride(from: 0, to: x.rows, by: chunk) {
    let rows = first..<min(first + chunk, x.rows), logits = Tensor(rows.count, weight.rows)
    Gemm.forward(logits, rowSlice(x, rows), weight)
    targets.withUnsafeBufferPointer { targets in
      Parallel.rows(rows.count, columns: weight.rows) { part in
        k_log_probability_f32(
          result.start + first + part.lowerBound, logits.start + part.lowerBound * weight.rows,
          targets.baseAddress! + first + part.lowerBound, Int64(part.count), Int64(weight.rows))
      }
    }
  }
  return (0..<x.rows).map { result.start[$0] }
}

/// A copy of some rows; the whole where all are asked for.
private func rowSlice(_ x: Tensor, _ rows: Range<Int>) -> Tensor {
  if rows == 0..<x.rows { return x.detached }
  let y = Tensor(rows.count, x.columns)
  y.start.update(from: x.start + rows.lowerBound * x.columns, count: y.count)
  return y
}
