import Layers
import Tensors

/// AdamW over named tensors, with its two moments per tensor.
public final class AdamW {
  let parameters: [NamedTensor]
  private(set) var moments: [Tensor], variances: [Tensor]
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
    moments = parameters.map {
      Tensor(rows: $0.tensor.rows, columns: $0.tensor.columns, repeating: 0)
    }
    variances = moments.map { $0.copy() }
  }

  /// √Σ g² over all gradients, in the parameters' order. A parameter without gradient counts 0.
  public func norm(_ gradients: Gradients) -> Double {
    parameters.reduce(0) { sum, parameter in
      sum + (parameter.tensor.slot.flatMap { gradients[$0] }?.sumOfSquares ?? 0)
    }.squareRoot()
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
    let clip = scale(ofNorm: norm, maximum: maximumNorm)
    for (index, parameter) in parameters.enumerated() {
      let known = parameter.tensor.slot.flatMap { gradients[$0] }
      // Scaled by 0 a moment does for a gradient of zeros.
      guard let gradient = known ?? (missing == .zero ? moments[index].copy() : nil) else {
        continue
      }
      AdamWStep(
        learningRate: learningRate * parameter.rateFactor, beta1: beta1, beta2: beta2,
        epsilon: epsilon,
        weightDecay: parameter.decays ? weightDecay : 0, number: step,
        gradientScale: known == nil ? 0 : clip
      ).update(
        parameter.tensor, gradient: gradient, moment: moments[index], variance: variances[index])
    }
  }

  /// The state under names for a file: `moment.<parameter>` and `variance.<parameter>`.
  var state: [NamedTensor] {
    parameters.indices.flatMap { index in
      [
        parameters[index].holding(moments[index]).below("moment."),
        parameters[index].holding(variances[index]).below("variance."),
      ]
    }
  }
}
