#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension GRPO {
  /// The loss of a batch as it is added up, text by text.
  struct Sum {
    private let grpo: GRPO, batch: Batch
    private let policy: [Float], reference: [Float]?
    private(set) var value = 0.0, derivative: [Float]
    private var tokens = 0.0, texts = 0.0
    private var divergence = 0.0, low = 0.0, high = 0.0, least = 1.0, most = 0.0

    init(_ grpo: GRPO, _ batch: Batch, _ policy: [Float], _ reference: [Float]?) {
      self.grpo = grpo
      self.batch = batch
      self.policy = policy
      self.reference = reference
      derivative = batch.zeros
    }

    /// log p now less log p when the token was sampled.
    private func logRatio(_ place: Int) -> Double {
      batch.old.map { Double(policy[place]) - Double($0[place]) } ?? 0
    }

    private func isLearnt(_ place: Int) -> Bool {
      guard let least = grpo.leastEntropy, let entropies = batch.entropies else { return true }
      return entropies[place] >= least
    }

    /// Adds a completion.
    mutating func add(_ text: Batch.Text) {
      let count = Double(text.length)
      let scale = grpo.loss == .grpo || grpo.loss == .sapo ? 1 / count : 1
      tokens += count
      texts += 1
      // Of a whole completion, the mean of its tokens' logarithms.
      let common =
        grpo.level == .sequence
        ? exp(text.answer.reduce(0) { $0 + logRatio($1) } / count) : nil
      var clipped = (low: 0.0, high: 0.0)
      // What a whole completion's ratio is to move by, which all of its tokens share.
      var shared = 0.0
      for place in text.answer {
        let ratio = common ?? exp(logRatio(place))
        let bound = grpo.isClipped(ratio, text.advantage)
        clipped.low += bound.low ? 1 : 0
        clipped.high += bound.high ? 1 : 0
        var slope = 0.0
        if isLearnt(place) {
          if grpo.loss == .cispo {
            let weight = -min(ratio, grpo.epsilonHigh) * text.advantage * scale
            value += weight * Double(policy[place])
            derivative[place] += Float(weight)
          } else {
            let bounded = grpo.bounded(ratio, text.advantage)
            value += scale * bounded.loss
            slope += scale * bounded.slope
          }
        }
        slope += addDivergence(at: place, ratio, scale: scale)
        if common == nil { derivative[place] += Float(slope) } else { shared += slope / count }
      }
      if common != nil { for place in text.answer { derivative[place] += Float(shared) } }
      addClipped(clipped, of: count)
    }

    /// Adds what a token is away from the reference: an estimate of the divergence that is never
    /// negative (Schulman 2020, k3). Returns its derivative with respect to the ratio's logarithm.
    private mutating func addDivergence(
      at place: Int, _ ratio: Double, scale: Double
    ) -> Double {
      guard let reference else { return 0 }
      let distance = Double(reference[place]) - Double(policy[place])
      let weight = grpo.correctsDivergence ? ratio : 1
      let estimate = weight * (exp(distance) - distance - 1), scale = scale * grpo.beta
      divergence += estimate
      value += scale * estimate
      derivative[place] += Float(scale * weight * (1 - exp(distance)))
      return grpo.correctsDivergence ? scale * estimate : 0
    }

    private mutating func addClipped(_ clipped: (low: Double, high: Double), of count: Double) {
      low += grpo.level == .sequence ? clipped.low / count : clipped.low
      high += grpo.level == .sequence ? clipped.high / count : clipped.high
      least = min(least, clipped.low / count)
      most = max(most, clipped.high / count)
    }

    /// What TRL logs of a loss.
    var metrics: [Metric] {
      guard texts > 0 else { return [] }
      let all = grpo.level == .sequence ? Double(batch.texts.count) : tokens
      var metrics: [Metric] = []
      if reference != nil { metrics.append(Metric("kl", divergence, over: tokens)) }
      if let decoded = batch.decoded {
        let drift = batch.texts.flatMap(\.answer).map { abs(policy[$0] - decoded[$0]) }.max() ?? 0
        metrics.append(Metric("rollout_drift", Double(drift), over: 1, union: .greatest))
      }
      if let entropies = batch.entropies {
        let sum = batch.texts.flatMap(\.answer).reduce(0) { $0 + entropies[$1] }
        metrics.append(Metric("entropy", sum, over: tokens))
      }
      switch grpo.loss {
      case .sapo: return metrics
      case .cispo: return metrics + [Metric("cispo_clip_ratio", high, over: all)]
      case .grpo, .dapo, .bnpo, .drGRPO:
        return metrics + [
          Metric("clip_ratio/low_mean", low, over: all),
          Metric("clip_ratio/low_min", least, over: 1, union: .least),
          Metric("clip_ratio/high_mean", high, over: all),
          Metric("clip_ratio/high_max", most, over: 1, union: .greatest),
          Metric("clip_ratio/region_mean", low + high, over: all),
        ]
      }
    }
  }
}
