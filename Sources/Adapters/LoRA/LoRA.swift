import Layers
import Tensors

/// y = W x + b + s · (B A D(x) + c), s = α / r, or α / √r with rank stabilization (Hu et al. 2021;
/// Kalajdzievski 2023). D is a dropout on the adapter's input, c a bias of its own where it has one.
///
/// What is subtracted of W at the start is computed beside it, − s · B₀ A₀ x; of a base that is quantized
/// when it is opened, the codes are made of W − s · B₀ A₀ instead, and stand in the place of W's.
final class LoRA: LinearAdapter, Seated {
  let linear: Linear
  let factors: LowRankFactors
  let offset: Tensor?
  private let rates: LoRAConfig.Rates
  private let base: Weight, wanted: Quantization?
  /// What stands in the place of the base's codes; nil where they stay.
  private(set) var residual: Residual?

  /// `residual`: how the base must be quantized for its codes to be made anew; nil: any way.
  init(
    on linear: Linear, _ factors: LowRankFactors, offset: Tensor? = nil, rates: LoRAConfig.Rates,
    residual wanted: Quantization? = nil
  ) {
    self.linear = linear
    self.factors = factors
    self.offset = offset?.asLeaf()
    self.rates = rates
    self.wanted = wanted
    base = linear.weight
    residual = Residual(of: linear, without: factors, as: wanted)
  }

  private init(_ other: LoRA) {
    linear = other.linear
    factors = other.factors.copy()
    offset = other.offset?.copy()
    rates = other.rates
    (base, wanted, residual) = (other.base, other.wanted, other.residual)
  }

  var path: String { linear.path }

  func sit() {
    linear.adapter = self
    if let residual { linear.substitute(residual.weight) }
  }

  func lift() {
    linear.adapter = nil
    if residual != nil { linear.substitute(base) }
  }

  func copy() -> any Seated { LoRA(self) }

  /// Makes the codes anew of the start that has come from a checkpoint.
  func restored() {
    guard residual != nil else { return }
    let sits = (linear.adapter as? LoRA) === self
    if sits { lift() }
    residual = Residual(of: linear, without: factors, as: wanted)
    if sits { sit() }
  }

  /// The base projection's output plus the adapter's.
  func callAsFunction(_ x: Tensor, through linear: Linear) -> Tensor {
    let scale = factors.scale, offset = offset.map { scale * $0 }
    let dropout = Dropout.of(path, rate: factors.dropoutRate)
    let part = LowRank(factors.a, factors.b, scale: scale, dropout: dropout)
    guard let start = factors.start, residual == nil else {
      return linear.base(x, plus: part, offset: offset)
    }
    // What was subtracted of the base reads all that the base reads.
    return linear.base(x, plus: part, LowRank(start.a, start.b, scale: -scale), offset: offset)
  }

  func weight(of linear: Linear) -> Weight? {
    let (a, b) = factors.whole
    return .tensor(lowRankSum(linear.weight, a, b, scale: factors.scale))
  }

  var parameters: [NamedTensor] { factors.named(path, rate: rates) + bias }
  var published: [NamedTensor] { factors.published(path) + bias }
  var state: [NamedTensor] {
    let kept = factors.kept(path, isInBase: residual != nil)
    return kept.isEmpty ? [] : parameters + kept
  }

  private var bias: [NamedTensor] {
    offset.map {
      [
        NamedTensor(
          name: AdapterTensors.name("lora_B.bias", of: path), tensor: $0, rateFactor: rates.ofB)
      ]
    } ?? []
  }
}

extension Dropout {
  /// The dropout before the adapter at `path`, of the pass that goes on; nil where nothing is dropped.
  static func of(_ path: String, rate: Float) -> Dropout? {
    guard rate > 0, let masks = ForwardPass.current.masks else { return nil }
    return Dropout(
      rate: rate, random: Random(seed: masks.seed, stream: Random.stream(path) ^ masks.pass))
  }
}
