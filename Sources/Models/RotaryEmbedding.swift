import Formats

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Inverse frequencies θ^(−2i/d) of the d/2 pairs, after the configuration's scaling.
func rotaryFrequencies(_ config: ModelConfig) -> [Float] {
  let d = Double(config.headDimension)
  let plain = (0..<config.headDimension / 2).map { index in
    Float(1 / Float(pow(config.ropeTheta, Double(2 * index) / d)))
  }
  switch config.ropeScaling {
  case .none: return plain
  case .linear(let factor): return plain.map { $0 / Float(factor) }
  case .llama3(let factor, let low, let high, let original):
    return plain.map { llama3($0, factor, low, high, Double(original)) }
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
