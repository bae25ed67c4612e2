public import Tensors

extension AdapterSet {
  private var residuals: [Residual] { seated.compactMap { ($0 as? LoRA)?.residual } }

  /// Of adapters whose start was subtracted of the base before that was quantized: how, and what base and
  /// adapters lose together to the codes, as a share of what the base alone loses. nil of others.
  public var residual: (quantization: Quantization, loss: Double)? {
    guard let first = residuals.first else { return nil }
    let own = residuals.reduce(0) { $0 + $1.error }
    let plain = residuals.reduce(0) { $0 + $1.plainError }
    return (first.quantization, plain > 0 ? (own / plain).squareRoot() : 1)
  }

  /// How the base was quantized without the adapters' start, where the base here is quantized and was not
  /// so: then the adapters are not what was trained.
  public var missedResidual: Quantization? {
    guard let wanted = config.residual else { return nil }
    let misses = seated.contains { seated in
      guard let part = seated as? LoRA, part.residual == nil else { return false }
      return part.linear.weight.quantization != nil
    }
    return misses ? wanted : nil
  }
}

extension AdapterConfig {
  /// How the base was quantized after a start was subtracted of it; nil where nothing was.
  public var residual: Quantization? { (method as? LoRAConfig)?.beginning.residual }
}
