import Formats
import Layers
import Tensors

/// AdamW over named tensors, or over the runs of them that one rank owns, with two moments for each run.
public final class AdamW {
  let parameters: [NamedTensor]
  /// What is updated here; a whole tensor each where there is one rank.
  private(set) var runs: [Pieces.Run] = []
  /// Which runs other ranks own; nil where all are here.
  private(set) var ownership: Ownership?
  /// What is updated in the place of the tensors themselves.
  private(set) var masters: Masters?
  private var moments: [Tensor] = [], variances: [Tensor] = []
  /// Where the moments are, if not in memory.
  private var file: StateFile?
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
    runs = parameters.enumerated().map { Pieces.Run(tensor: $0, range: 0..<$1.tensor.count) }
  }

  /// Updates only what this rank owns from now on, where `masters` have it; all moments are zero.
  func own(_ ownership: Ownership, _ masters: Masters? = nil) {
    self.ownership = ownership
    self.masters = masters
    runs = ownership.own
    (moments, variances) = ([], [])
  }

  /// Has the moments, which are zero, lie in a scratch file in `folder` from now on.
  func offload(to folder: String) throws(FormatError) {
    (moments, variances) = ([], [])
    runs = runs.flatMap(Ownership.portions)
    file = try StateFile(in: folder, runs: runs.map(\.count))
  }

  /// A run's moments in memory; they are there from the first time on that one is asked for.
  private func kept(_ run: Int) -> (moment: Tensor, variance: Tensor) {
    if moments.isEmpty {
      moments = runs.map { Tensor(rows: 1, columns: $0.count, repeating: 0) }
      variances = moments.map { $0.copy() }
    }
    return (moments[run], variances[run])
  }

  /// The gradients of the runs' tensors, where all of them are here.
  func values(_ gradients: Gradients) -> [Tensor?] {
    runs.map { run in parameters[run.tensor].tensor.slot.flatMap { gradients[$0] } }
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
    let scale = scale(ofNorm: norm, maximum: maximumNorm)
    for (index, gradient) in values(gradients).enumerated() {
      guard wants(gradient, missing) else { continue }
      update(
        index, gradient, kept(index), step: step, learningRate: learningRate, scale: scale)
    }
  }

  /// The same of the runs' gradients, times `scale`, wherever the moments are.
  func update(
    _ gradients: [Tensor?], step: Int, learningRate: Double, scale: Double, missing: Missing
  ) throws(FormatError) {
    for (index, gradient) in gradients.enumerated() where wants(gradient, missing) {
      let moments = try self.moments(of: index)
      file?.prefetch(index + 1)
      update(index, gradient, moments, step: step, learningRate: learningRate, scale: scale)
      try file?.write(index, moment: moments.moment, variance: moments.variance)
    }
  }

  /// Whether a run with this gradient changes.
  private func wants(_ gradient: Tensor?, _ missing: Missing) -> Bool {
    gradient != nil || missing == .zero
  }

  private func update(
    _ index: Int, _ known: Tensor?, _ moments: (moment: Tensor, variance: Tensor), step: Int,
    learningRate: Double, scale: Double
  ) {
    let run = runs[index], parameter = parameters[run.tensor]
    // A gradient is the run's, or the whole tensor's.
    let isWhole = known.map { $0.count != run.count } ?? false
    let (updated, range) = masters?.place(index, run) ?? (parameter.tensor, run.range)
    AdamWStep(
      learningRate: learningRate * parameter.rateFactor, beta1: beta1, beta2: beta2,
      epsilon: epsilon,
      weightDecay: parameter.decays ? weightDecay : 0, number: step,
      gradientScale: known == nil ? 0 : scale
    ).update(
      // Scaled by 0 a moment does for a gradient of zeros.
      updated, range, gradient: known ?? moments.moment.copy(),
      from: isWhole ? run.range.lowerBound : 0,
      moment: moments.moment, variance: moments.variance)
  }
}

extension AdamW {
  /// A run's moments; where they lie in a file, a copy of them.
  func moments(of run: Int) throws(FormatError) -> (moment: Tensor, variance: Tensor) {
    guard let file else { return kept(run) }
    return try file.read(run)
  }

  /// Puts moments in the place of a run's.
  func set(_ value: (moment: Tensor, variance: Tensor), of run: Int) throws(FormatError) {
    guard let file else {
      let own = kept(run)
      own.moment.assign(value.moment)
      own.variance.assign(value.variance)
      return
    }
    try file.write(run, moment: value.moment, variance: value.variance)
  }
}
