public import Tensors

/// Σ −log p over the rows, on the tape, and each row's own.
public func crossEntropy(
  _ x: Tensor, _ head: Weight, targets: [Int32]
) -> (sum: Tensor, tokens: [Float]) {
  let log = logProbabilities(x, head, targets: targets)
  let sum = log.values.reduce(0.0) { $0 - Double($1) }
  return (
    log.objective(sum, derivative: log.values.map { _ in -1 }), log.values.map { -$0 }
  )
}
