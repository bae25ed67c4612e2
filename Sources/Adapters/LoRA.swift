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
  private let noise: AdapterNoise

  init(
    a: Tensor, b: Tensor, scale: Float, dropoutRate: Float, path: String, noise: AdapterNoise
  ) {
    self.a = a.asLeaf()
    self.b = b.asLeaf()
    self.scale = scale
    self.dropoutRate = dropoutRate
    self.noise = noise
    site = Random.stream(path)
  }

  /// The base projection's output plus the adapter's.
  public func callAsFunction(_ x: Tensor, through linear: Linear) -> Tensor {
    linear.base(x, plus: LowRank(a, b, scale: scale, dropout: dropout))
  }

  /// A and B under PEFT's names.
  public var parameters: [NamedTensor] {
    [NamedTensor(name: "lora_A.weight", tensor: a), NamedTensor(name: "lora_B.weight", tensor: b)]
  }

  private var dropout: Dropout? {
    guard dropoutRate > 0, let key = noise.key else { return nil }
    return Dropout(rate: dropoutRate, random: Random(seed: key.seed, stream: site ^ key.pass))
  }
}

/// Which masks the adapters draw: shared by all seats of a model and set before each forward pass.
public final class AdapterNoise {
  /// The run's seed and the number of the forward pass.
  public struct Key: Sendable, Hashable {
    public var seed: UInt64, pass: UInt64

    /// Names the masks of one pass; every pass of a run has its own number.
    public init(seed: UInt64, pass: UInt64) {
      self.seed = seed
      self.pass = pass &* 0x9E37_79B9_7F4A_7C15
    }
  }
  /// nil: no dropout, as in evaluation.
  public var key: Key?
  init() {}
}
