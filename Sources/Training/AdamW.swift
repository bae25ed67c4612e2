import Layers
import Tensors

/// AdamW over named tensors, or over the runs of them that one rank owns, with two moments for each run.
public final class AdamW {
  let parameters: [NamedTensor]
  /// What is updated here; a whole tensor each where there is one rank.
  private(set) var runs: [Pieces.Run] = []
  /// Whether other ranks own other runs.
  private(set) var isSharded = false
  private(set) var moments: [Tensor] = [], variances: [Tensor] = []
  let beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double

  /// An optimizer whose moments are zero.
  public init(
    _ parameters: [NamedTensor], beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0
  ) {
    self.parameters = parameters
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    begin(
      parameters.enumerated().map {
        Pieces.Run(tensor: $0, range: 0..<$1.tensor.count)
      })
  }

  /// Updates only these runs from now on, whose moments are zero; others are other ranks'.
  func own(_ runs: [Pieces.Run]) {
    isSharded = true
    begin(runs)
  }

  private func begin(_ runs: [Pieces.Run]) {
    self.runs = runs
    // One after the other: what was there before is gone by then.
    (moments, variances) = ([], [])
    moments = runs.map { Tensor(rows: 1, columns: $0.count, repeating: 0) }
    variances = moments.map { $0.copy() }
  }

  /// The gradients of the runs, where all of them are here.
  func values(_ gradients: Gradients) -> [Tensor?] {
    runs.map { run in parameters[run.tensor].tensor.slot.flatMap { gradients[$0] } }
  }

  /// √Σ g² over all gradients, in the parameters' order. A parameter without gradient counts 0.
  public func norm(_ gradients: Gradients) -> Double {
    values(gradients).reduce(0) { $0 + ($1?.sumOfSquares ?? 0) }.squareRoot()
  }

  /// What becomes of a parameter that has no gradient.
  public enum Missing: Sendable {
    /// It stays as it is.
    case untouched
    /// Its gradient is 0: it goes on by its moments.
    case zero
  }

  /// What gradients of this norm are multiplied by.
  func scale(ofNorm norm: Double, maximum: Double?) -> Double {
    maximum.map { min(1, $0 / (norm + 1e-6)) } ?? 1
  }

  /// Update number `step`, from 1. Gradients are scaled down to `maximumNorm` when their norm, given,
  /// exceeds it, by the rule of torch's `clip_grad_norm_`.
  public func update(
    _ gradients: Gradients, step: Int, learningRate: Double, norm: Double, maximumNorm: Double?,
    missing: Missing = .untouched
  ) {
    update(
      values(gradients), step: step, learningRate: learningRate,
      scale: scale(ofNorm: norm, maximum: maximumNorm), missing: missing)
  }

  /// The same of the runs' gradients, times `scale`.
  func update(
    _ gradients: [Tensor?], step: Int, learningRate: Double, scale: Double, missing: Missing
  ) {
    for (index, run) in runs.enumerated() {
      let parameter = parameters[run.tensor]
      // Scaled by 0 a moment does for a gradient of zeros.
      guard
        let gradient = gradients[index] ?? (missing == .zero ? moments[index].copy() : nil)
      else { continue }
      AdamWStep(
        learningRate: learningRate * parameter.rateFactor, beta1: beta1, beta2: beta2,
        epsilon: epsilon,
        weightDecay: parameter.decays ? weightDecay : 0, number: step,
        gradientScale: gradients[index] == nil ? 0 : scale
      ).update(
        parameter.tensor, run.range, gradient: gradient, moment: moments[index],
        variance: variances[index])
    }
  }
}
