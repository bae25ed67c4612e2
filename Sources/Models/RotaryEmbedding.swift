import Formats
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The rotary frequencies of a model: the configuration's rule applied to θ^(−2i/d).
///
/// Two rules ask for the text's length. As in transformers that is the length a pass ends at: a text
/// being decoded keeps its earlier keys as they were rotated. It is each text's own, whatever is packed
/// or batched beside it.
struct RotaryEmbedding {
  /// What cos and sin are multiplied by.
  let scale: Float
  private let scaling: ModelConfig.RopeScaling, theta: Double, pairs: Int, maximumPositions: Int
  /// The frequencies of all texts that are not longer than `threshold`.
  private let plain: [Float]

  /// The rule of `config`.
  init(_ config: ModelConfig) {
    scaling = config.ropeScaling
    theta = config.ropeTheta
    pairs = config.headDimension / 2
    maximumPositions = config.maximumPositions
    let powers = Self.powers(of: Float(theta), pairs)
    switch scaling {
    case .none, .dynamic:
      (plain, scale) = (powers.map { 1 / $0 }, 1)
    case .linear(let factor):
      (plain, scale) = (powers.map { 1 / $0 / Float(factor) }, 1)
    case .proportional(let factor, let share):
      let turning = Int(share * Double(config.headDimension) / 2)
      let all = powers.enumerated().map { $0 < turning ? 1 / $1 / Float(factor) : 0 }
      (plain, scale) = (all, 1)
    case .llama3(let factor, let low, let high, let original):
      let all = powers.map { llama3(1 / $0, factor, low, high, Double(original)) }
      (plain, scale) = (all, 1)
    case .yarn(let rule):
      (plain, scale) = (rule.frequencies(powers, theta: theta), Float(rule.scale))
    case .longRope(let rule):
      plain = Self.divided(powers, by: rule.shortFactors)
      scale = Float(rule.scale)
    }
  }

  /// Texts up to this length have the same frequencies; nil for all texts.
  private var threshold: Int? {
    switch scaling {
    case .none, .linear, .proportional, .llama3, .yarn: nil
    case .dynamic: maximumPositions
    case .longRope(let rule): rule.originalLength
    }
  }

  /// What decides about the frequencies of a text of `length` tokens: texts of one class are rotated
  /// alike.
  func lengthClass(_ length: Int) -> Int {
    guard let threshold, length > threshold else { return 0 }
    if case .longRope = scaling { return threshold + 1 }
    return length
  }

  /// The frequencies of texts of a class.
  func frequencies(_ lengthClass: Int) -> [Float] {
    let powers = Self.powers(of: Float(theta), pairs)
    switch scaling {
    case .dynamic(let factor) where lengthClass > 0:
      return dynamic(factor, length: lengthClass)
    case .longRope(let rule) where lengthClass > 0:
      return Self.divided(powers, by: rule.longFactors)
    default: return plain
    }
  }

  /// cos and sin for packed segments at `positions`, segment i's text being of class `classes[i]`.
  func table(_ positions: [Int], _ segments: Segments, classes: [Int]) -> RotaryTable {
    guard classes.contains(where: { $0 > 0 }) else {
      return RotaryTable(positions: positions, frequencies: plain, scale: scale)
    }
    let bySegment = classes.map(frequencies)
    let rows = (0..<segments.count).flatMap { index in segments[index].map { _ in index } }
    return RotaryTable(positions: positions, width: pairs, scale: scale) { bySegment[rows[$0]] }
  }

  /// NTK scaling: the base grows with the text, in f32 as the reference computes it.
  private func dynamic(_ factor: Double, length: Int) -> [Float] {
    let d = Double(2 * pairs)
    let growth =
      Float(factor) * Float(length) / Float(maximumPositions) - Float(factor - 1)
    let base = Float(theta) * Float(pow(Double(growth), Double(Float(d / (d - 2)))))
    return Self.powers(of: base, pairs).map { 1 / $0 }
  }

  /// base^(2i/d), rounded once.
  private static func powers(of base: Float, _ pairs: Int) -> [Float] {
    (0..<pairs).map { Float(pow(Double(base), Double(2 * $0) / Double(2 * pairs))) }
  }

  private static func divided(_ powers: [Float], by factors: [Double]) -> [Float] {
    zip(powers, factors).map { 1 / (Float($1) * $0) }
  }
}

/// Llama 3.1's rule: long waves are slowed down by `factor`, short ones kept, those between blended.
private func llama3(
  _ frequency: Float, _ factor: Double, _ low: Double, _ high: Double, _ original: Double
) -> Float {
  let wavelength = 2 * Double.pi / Double(frequency)
  if wavelength > original / low { return frequency / Float(factor) }
  if wavelength < original / high { return frequency }
  let blend = (original / wavelength - low) / (high - low)
  return Float((1 - blend) * Double(frequency) / factor + blend * Double(frequency))
}

extension ModelConfig.YaRN {
  /// Frequencies from the powers of the base: pairs below the first border stay, those above the last
  /// one are slowed down (Peng et al. 2023, §3.2).
  fileprivate func frequencies(_ powers: [Float], theta: Double) -> [Float] {
    let d = Double(2 * powers.count)
    /// The pair that turns `turns` times over the original length.
    func pair(_ turns: Double) -> Double {
      d * log(Double(originalLength) / (turns * 2 * .pi)) / (2 * log(theta))
    }
    var low = pair(betaFast), high = pair(betaSlow)
    if truncates { (low, high) = (low.rounded(.down), high.rounded(.up)) }
    (low, high) = (max(low, 0), min(high, d - 1))
    if low == high { high += 0.001 }
    return powers.enumerated().map { index, power in
      let ramp = min(max((Float(index) - Float(low)) / Float(high - low), 0), 1)
      let kept = 1 - ramp
      return 1 / (Float(factor) * power) * (1 - kept) + 1 / power * kept
    }
  }

  /// What cos and sin are multiplied by (eq. 22), or DeepSeek's ratio of two such numbers.
  fileprivate var scale: Double {
    if let attentionFactor { return attentionFactor }
    func magnitude(_ weight: Double) -> Double { factor <= 1 ? 1 : 0.1 * weight * log(factor) + 1 }
    guard let mscale, let mscaleAllDim, mscale != 0, mscaleAllDim != 0 else { return magnitude(1) }
    return magnitude(mscale) / magnitude(mscaleAllDim)
  }
}

extension ModelConfig.LongRoPE {
  /// What cos and sin are multiplied by.
  fileprivate var scale: Double {
    if let attentionFactor { return attentionFactor }
    return factor <= 1 ? 1 : (1 + log(factor) / log(Double(originalLength))).squareRoot()
  }
}
