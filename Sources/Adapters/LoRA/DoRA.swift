import Layers
import Tensors

/// y = (m / n) ∘ (W D(x) + s · B A D(x)) + W (x − D(x)) + b, n the norms of the rows of W + s · B · A,
/// constants on the way back (Liu et al. 2024).
final class DoRA: LinearAdapter, Seated {
  let linear: Linear
  let factors: LowRankFactors
  /// m, [1, outputs]; and Σ w² of W's rows.
  let magnitude: Tensor
  private let squares: Tensor
  private let rates: LoRAConfig.Rates
  /// The norms of a moment, and A and B of that moment.
  private var norms: (value: Tensor, a: Tensor, b: Tensor)?

  /// `magnitude` nil: the norms at the start, so that nothing changes at first.
  init(
    on linear: Linear, _ factors: LowRankFactors, magnitude: Tensor?, rates: LoRAConfig.Rates
  ) {
    self.linear = linear
    self.factors = factors
    self.rates = rates
    squares = linear.weight.rowSquares
    let start = linear.weight.rowNorms(
      plus: factors.a, factors.b, scale: factors.scale, squares: squares)
    self.magnitude = (magnitude ?? start.copy()).asLeaf()
  }

  private init(_ other: DoRA) {
    linear = other.linear
    factors = other.factors.copy()
    magnitude = other.magnitude.copy()
    (squares, rates) = (other.squares, other.rates)
  }

  var path: String { linear.path }
  func sit() { linear.adapter = self }
  func lift() { linear.adapter = nil }
  func copy() -> any Seated { DoRA(self) }

  func callAsFunction(_ x: Tensor, through linear: Linear) -> Tensor {
    let part = LowRank(factors.a, factors.b, scale: factors.scale)
    guard let dropout = Dropout.of(path, rate: factors.dropoutRate) else {
      let y = project(x, linear.weight, plus: part)
      return scaleColumns(y, by: magnitude, over: currentNorms, plus: linear.bias)
    }
    let dropped = drop(x, dropout), y = project(dropped, linear.weight, plus: part)
    return scaleColumns(y, by: magnitude, over: currentNorms, plus: linear.bias)
      + project(x + -1 * dropped, linear.weight)
  }

  /// n, computed again where A or B has changed.
  private var currentNorms: Tensor {
    let (a, b) = (factors.a, factors.b)
    if let norms, norms.a.isIdentical(to: a), norms.b.isIdentical(to: b) { return norms.value }
    let value = linear.weight.rowNorms(plus: a, b, scale: factors.scale, squares: squares)
    norms = (value, a.copy(), b.copy())
    return value
  }

  var parameters: [NamedTensor] {
    factors.named(path, rate: rates) + [
      NamedTensor(
        name: AdapterTensors.name("lora_magnitude_vector", of: path), tensor: magnitude,
        decays: true, rateFactor: rates.ofB)
    ]
  }
}

/// The cost of DoRA on a projection: that of the low-rank part, the product whose columns are scaled, and
/// the rows' norms.
struct DoRACost: AdapterCost {
  let rank: Int, drops: Bool

  func parameters(inputs: Int, outputs: Int) -> Int {
    LowRankCost(rank: rank).parameters(inputs: inputs, outputs: outputs) + outputs
  }

  func cost(
    _ rows: Int, inputs: Int, outputs: Int, wantsInput: Bool, keepsOutput: Bool
  ) -> Cost {
    var cost = LowRankCost(rank: rank).cost(
      rows, inputs: inputs, outputs: outputs, wantsInput: wantsInput, keepsOutput: keepsOutput)
    cost.forward += 2 * Double(rank * inputs * outputs)
    if drops {
      // The base's product again, of what is dropped.
      let product = 2 * Double(rows) * Double(inputs * outputs)
      cost.forward += product
      if wantsInput { cost.backward += product }
    }
    // What is scaled is kept in the place of what a reader would keep, which follows from it.
    if drops || !keepsOutput { cost.kept += Buffer.bytes(rows * outputs) }
    cost.passing += Buffer.bytes(rows * outputs) + Buffer.bytes(rank * outputs)
    return cost
  }
}
