import Layers
import Tensors

/// y = W x + s · B (E ∘ A) D(x), E one number for each rank (Zhang et al. 2023).
final class AdaLoRA: LinearAdapter, Seated {
  let linear: Linear
  /// [rank, inputs], [outputs, rank], [rank, 1]; leaves.
  let a: Tensor, b: Tensor, e: Tensor
  let scale: Float
  private let dropoutRate: Float
  /// Of A, B and E: each number's smoothed sensitivity, and its smoothed deviation from that.
  private let means: [Tensor], deviations: [Tensor]
  /// 0 where the last pruning has taken a rank away, else 1.
  private let lastMask: Tensor

  init(on linear: Linear, a: Tensor, b: Tensor, e: Tensor, scale: Float, dropoutRate: Float) {
    self.linear = linear
    (self.a, self.b, self.e) = (a.asLeaf(), b.asLeaf(), e.asLeaf())
    (self.scale, self.dropoutRate) = (scale, dropoutRate)
    means = [a, b, e].map { Tensor(rows: $0.rows, columns: $0.columns, repeating: 0) }
    deviations = means.map { $0.copy() }
    lastMask = Tensor(rows: e.rows, columns: 1, repeating: 1)
  }

  private init(_ other: AdaLoRA) {
    linear = other.linear
    (a, b, e) = (other.a.copy(), other.b.copy(), other.e.copy())
    (scale, dropoutRate) = (other.scale, other.dropoutRate)
    (means, deviations, lastMask) = (other.means, other.deviations, other.lastMask)
  }

  var path: String { linear.path }
  func sit() { linear.adapter = self }
  func lift() { linear.adapter = nil }
  func copy() -> any Seated { AdaLoRA(self) }

  func callAsFunction(_ x: Tensor, through linear: Linear) -> Tensor {
    // Nothing is left of some adapters.
    guard e.rows > 0 else { return linear.base(x) }
    let dropout = Dropout.of(path, rate: dropoutRate)
    return linear.base(x, plus: LowRank(scaleRows(a, by: e), b, scale: scale, dropout: dropout))
  }

  /// How far the rows of A, and the columns of B, are from being orthonormal.
  var distances: [Tensor] {
    [orthogonality(a, ofRows: true), orthogonality(b, ofRows: false)]
  }

  // MARK: Files

  var parameters: [NamedTensor] { named(a, b, e) }

  /// Those ranks that are left.
  var published: [NamedTensor] {
    guard isPruned else { return parameters }
    let left = self.left.indices.filter { self.left[$0] }
    return named(
      selectRows(a.detached, left), selectRows(b.detached.transposed(), left).transposed(),
      selectRows(e.detached, left))
  }

  private func named(_ a: Tensor, _ b: Tensor, _ e: Tensor) -> [NamedTensor] {
    [("lora_A", a), ("lora_B", b), ("lora_E", e)].map { name, tensor in
      NamedTensor(
        name: AdapterTensors.name(name, of: path), tensor: tensor,
        shape: [tensor.rows, tensor.columns])
    }
  }

  var state: [NamedTensor] {
    let names = ["lora_A", "lora_B", "lora_E"]
    let smoothed = [("mean", means), ("deviation", deviations)].flatMap { kind, tensors in
      zip(names, tensors).map { name, tensor in (name + ".sensitivity_" + kind, tensor) }
    }
    return parameters
      + (smoothed + [("lora_E.left", lastMask)]).map { name, tensor in
        NamedTensor(
          name: AdapterTensors.name(name, of: path), tensor: tensor,
          shape: [tensor.rows, tensor.columns])
      }
  }

  // MARK: Ranks

  /// Which ranks the last pruning has left; all before it.
  var left: [Bool] { lastMask.values.map { $0 != 0 } }
  /// Whether the last pruning has taken any.
  var isPruned: Bool { left.contains(false) }
  /// How many ranks add anything now.
  var ranksInUse: Int { e.values.count { $0 != 0 } }

  /// Moves the smoothed sensitivities by a step, whose gradients were multiplied by `scale`.
  func smooth(_ gradients: Gradients, scale: Float, beta1: Float, beta2: Float) {
    for (index, tensor) in [a, b, e].enumerated() {
      guard let gradient = tensor.slot.flatMap({ gradients[$0] }) else { continue }
      smoothSensitivity(
        means[index], deviations[index], of: tensor, gradient, scale: scale, beta1: beta1,
        beta2: beta2)
    }
  }

  /// How much each rank matters: sensitivity times deviation, of E, and on average of A's row and B's
  /// column (eqs. 8 and 11).
  var scores: [Float] {
    let rank = e.rows, (inputs, outputs) = (a.columns, b.rows)
    func products(_ index: Int) -> [Float] {
      zip(means[index].values, deviations[index].values).map(*)
    }
    let (ofA, ofB, ofE) = (products(0), products(1), products(2))
    return (0..<rank).map { i in
      var row: Float = 0, column: Float = 0
      for k in 0..<inputs { row += ofA[i * inputs + k] }
      for k in 0..<outputs { column += ofB[k * rank + i] }
      return ofE[i] + row / Float(inputs) + column / Float(outputs)
    }
  }

  /// E becomes 0 where `left` is false; until it has grown again, or for good.
  func mask(_ left: [Bool], isLast: Bool) {
    let mask = Tensor(rows: left.count, columns: 1, values: left.map { $0 ? 1 : 0 })
    e.assign(scaleRows(e.detached, by: mask))
    if isLast { lastMask.assign(mask) }
  }

  /// Takes away again what the last pruning has taken.
  func applyMask() { e.assign(scaleRows(e.detached, by: lastMask)) }
}

/// The cost of AdaLoRA on a projection.
struct AdaLoRACost: AdapterCost {
  let rank: Int

  func parameters(inputs: Int, outputs: Int) -> Int { rank * (inputs + outputs + 1) }

  func cost(
    _ rows: Int, inputs: Int, outputs: Int, wantsInput: Bool, keepsOutput: Bool
  ) -> Cost {
    var cost = LowRankCost(rank: rank).cost(
      rows, inputs: inputs, outputs: outputs, wantsInput: wantsInput, keepsOutput: keepsOutput)
    // E ∘ A of the pass; sensitivities and deviations.
    cost.kept += 3 * Buffer.bytes(rank * inputs) + 2 * Buffer.bytes(rank * outputs)
    return cost
  }
}
