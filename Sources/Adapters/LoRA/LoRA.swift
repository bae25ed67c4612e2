public import Layers
public import Tensors

/// A and B of one module, what their product is multiplied with, and the dropout before them.
struct LowRankFactors {
  /// [rank, inputs] and [outputs, rank]
  var a: Tensor, b: Tensor
  var scale: Float, dropoutRate: Float
  /// What B A was subtracted of the base at first (Meng et al. 2024; Büyükakyüz 2024); nil where it was
  /// nothing.
  var start: (a: Tensor, b: Tensor)?

  init(a: Tensor, b: Tensor, scale: Float, dropoutRate: Float, startsAsBase: Bool = true) {
    self.a = a.asLeaf()
    self.b = b.asLeaf()
    self.scale = scale
    self.dropoutRate = dropoutRate
    start = startsAsBase ? nil : (a.copy(), b.copy())
  }

  /// The same numbers, which nobody trains.
  func copy() -> LowRankFactors {
    var copy = self
    (copy.a, copy.b) = (a.copy(), b.copy())
    return copy
  }

  /// Both under their names in the file, matrices also where the rank is 1.
  func named(_ path: String, rate: LoRAConfig.Rates) -> [NamedTensor] {
    Self.named(a, b, path, rate)
  }

  /// The plain low-rank part that adds the same to the base: [A; A₀] and [B, −B₀] where a start was
  /// subtracted.
  func published(_ path: String) -> [NamedTensor] {
    let (a, b) = whole
    return Self.named(a.detached, b.detached, path, .init())
  }

  /// What `published` needs beside A and B.
  func kept(_ path: String) -> [NamedTensor] {
    guard let start else { return [] }
    return [("lora_A.start", start.a), ("lora_B.start", start.b)].map {
      NamedTensor(
        name: AdapterTensors.name($0, of: path), tensor: $1, shape: [$1.rows, $1.columns])
    }
  }

  /// A and B, or [A; A₀] and [B, −B₀].
  var whole: (a: Tensor, b: Tensor) {
    guard let start else { return (a, b) }
    return (
      concatenateRows([(a, 0..<a.rows), (start.a, 0..<start.a.rows)]),
      sideBySide(b, -1 * start.b)
    )
  }

  private static func named(
    _ a: Tensor, _ b: Tensor, _ path: String, _ rates: LoRAConfig.Rates
  ) -> [NamedTensor] {
    [("lora_A.weight", a, 1), ("lora_B.weight", b, rates.ofB)].map { name, tensor, rate in
      NamedTensor(
        name: AdapterTensors.name(name, of: path), tensor: tensor,
        shape: [tensor.rows, tensor.columns], rateFactor: rate)
    }
  }
}

/// y = W x + b + s · (B A D(x) + c), s = α / r, or α / √r with rank stabilization (Hu et al. 2021;
/// Kalajdzievski 2023). D is a dropout on the adapter's input, c a bias of its own where it has one.
final class LoRA: LinearAdapter, Seated {
  let linear: Linear
  let factors: LowRankFactors
  let offset: Tensor?
  private let rates: LoRAConfig.Rates

  init(
    on linear: Linear, _ factors: LowRankFactors, offset: Tensor? = nil, rates: LoRAConfig.Rates
  ) {
    self.linear = linear
    self.factors = factors
    self.offset = offset?.asLeaf()
    self.rates = rates
  }

  private init(_ other: LoRA) {
    linear = other.linear
    factors = other.factors.copy()
    offset = other.offset?.copy()
    rates = other.rates
  }

  var path: String { linear.path }
  func sit() { linear.adapter = self }
  func lift() { linear.adapter = nil }
  func copy() -> any Seated { LoRA(self) }

  /// The base projection's output plus the adapter's.
  func callAsFunction(_ x: Tensor, through linear: Linear) -> Tensor {
    let scale = factors.scale, offset = offset.map { scale * $0 }
    guard let dropout = Dropout.of(path, rate: factors.dropoutRate) else {
      let (a, b) = factors.whole
      return linear.base(x, plus: LowRank(a, b, scale: scale), offset: offset)
    }
    let part = LowRank(factors.a, factors.b, scale: scale, dropout: dropout)
    let y = linear.base(x, plus: part, offset: offset)
    // What was subtracted of the base reads all that the base reads.
    guard let start = factors.start else { return y }
    return y + project(project(x, .tensor(start.a)), .tensor((-scale * start.b).detached))
  }

  func weight(of linear: Linear) -> Weight? {
    let (a, b) = factors.whole
    return .tensor(lowRankSum(linear.weight, a, b, scale: factors.scale))
  }

  var parameters: [NamedTensor] { factors.named(path, rate: rates) + bias }
  var published: [NamedTensor] { factors.published(path) + bias }
  var state: [NamedTensor] {
    let kept = factors.kept(path)
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
