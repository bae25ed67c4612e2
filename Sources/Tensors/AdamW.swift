import CKernels

/// The constants of one AdamW update (Loshchilov & Hutter 2019).
public struct AdamWStep: Sendable {
  /// Learning rate, decay rates of the moments.
  public var learningRate: Double, beta1: Double, beta2: Double
  /// The denominator's floor, decoupled weight decay.
  public var epsilon: Double, weightDecay: Double
  /// The update's number, from 1: the bias correction depends on it.
  public var number: Int
  /// What gradients are multiplied with first (clipping).
  public var gradientScale: Double

  /// Creates the constants of update `number`.
  public init(
    learningRate: Double, beta1: Double, beta2: Double, epsilon: Double, weightDecay: Double,
    number: Int, gradientScale: Double
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.number = number
    self.gradientScale = gradientScale
  }

  /// Updates a run of a parameter and the run's two moments in place. The run's gradient begins at number
  /// `place` of `gradient`.
  public func update(
    _ parameter: Tensor, _ run: Range<Int>, gradient: Tensor, from place: Int = 0,
    moment: Tensor, variance: Tensor
  ) {
    precondition(
      gradient.count >= place + run.count && moment.count == run.count
        && variance.count == run.count
        && run.upperBound <= parameter.count,
      "AdamW: \(run) of parameter \(parameter.shape), gradient \(gradient.shape)")
    let c1 = 1 - power(beta1, Double(number)), c2 = 1 - power(beta2, Double(number))
    let updated = parameter.start + run.lowerBound, slope = gradient.start + place
    Stopwatch.time("AdamW", .forward) {
      Parallel.ranges(run.count, grain: 1 << 15) { range in
        let first = range.lowerBound
        k_adamw_f32(
          updated + first, slope + first, moment.start + first,
          variance.start + first, Int64(range.count), Float(gradientScale), Float(learningRate),
          Float(beta1), Float(beta2), Float(epsilon), Float(weightDecay), Float(c1), Float(c2))
      }
    }
  }
}
