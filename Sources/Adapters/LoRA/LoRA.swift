import Formats
public import Layers
public import Tensors

/// y = W x + s · B A D(x), s = α / r, or α / √r with rank stabilization (Hu et al. 2021; Kalajdzievski
/// 2023). D is a dropout on the adapter's input.
final class LoRA: LinearAdapter, Seated {
  let linear: Linear
  /// [rank, inputs] and [outputs, rank]; leaves.
  let a: Tensor, b: Tensor
  let scale: Float
  private let dropoutRate: Float

  init(on linear: Linear, a: Tensor, b: Tensor, scale: Float, dropoutRate: Float) {
    self.linear = linear
    self.a = a.asLeaf()
    self.b = b.asLeaf()
    self.scale = scale
    self.dropoutRate = dropoutRate
  }

  private init(_ other: LoRA) {
    linear = other.linear
    (a, b) = (other.a.copy(), other.b.copy())
    (scale, dropoutRate) = (other.scale, other.dropoutRate)
  }

  var path: String { linear.path }
  func sit() { linear.adapter = self }
  func lift() { linear.adapter = nil }
  func copy() -> any Seated { LoRA(self) }

  /// The base projection's output plus the adapter's.
  func callAsFunction(_ x: Tensor, through linear: Linear) -> Tensor {
    linear.base(x, plus: LowRank(a, b, scale: scale, dropout: .of(path, rate: dropoutRate)))
  }

  /// A and B, matrices also where the rank is 1.
  var parameters: [NamedTensor] {
    [("lora_A.weight", a), ("lora_B.weight", b)].map { name, tensor in
      NamedTensor(
        name: AdapterTensors.name(name, of: path), tensor: tensor,
        shape: [tensor.rows, tensor.columns])
    }
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
