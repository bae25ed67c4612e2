import Layers
import Tensors

/// y = W x + s · B A D(x), s = α / r, or α / √r with rank stabilization (Hu et al. 2021; Kalajdzievski
/// 2023). D is a dropout on the adapter's input.
public final class LoRA: LinearAdapter {
  /// [rank, inputs] and [outputs, rank]; leaves.
  let a: Tensor, b: Tensor
  let scale: Float
  private let dropoutRate: Float
  private let site: UInt64

  init(a: Tensor, b: Tensor, scale: Float, dropoutRate: Float, path: String) {
    self.a = a.asLeaf()
    self.b = b.asLeaf()
    self.scale = scale
    self.dropoutRate = dropoutRate
    site = Random.stream(path)
  }

  private init(_ other: LoRA) {
    (a, b) = (other.a.copy(), other.b.copy())
    (scale, dropoutRate, site) = (other.scale, other.dropoutRate, other.site)
  }

  /// The same numbers in storage of their own; constants.
  func copy() -> LoRA { LoRA(self) }

  /// The base projection's output plus the adapter's.
  public func callAsFunction(_ x: Tensor, through linear: Linear) -> Tensor {
    linear.base(x, plus: LowRank(a, b, scale: scale, dropout: dropout))
  }

  /// A and B under PEFT's names.
  public var parameters: [NamedTensor] {
    [NamedTensor(name: "lora_A.weight", tensor: a), NamedTensor(name: "lora_B.weight", tensor: b)]
  }

  private var dropout: Dropout? {
    guard dropoutRate > 0, let masks = ForwardPass.current.masks else { return nil }
    return Dropout(
      rate: dropoutRate, random: Random(seed: masks.seed, stream: site ^ masks.pass))
  }
}
