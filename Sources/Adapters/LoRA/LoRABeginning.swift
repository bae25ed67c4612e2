import Formats
public import JSON
import Layers
import Tensors

extension LoRAConfig {
  /// What A and B are at first, by PEFT's words (`init_lora_weights`).
  public enum Beginning: Sendable, Hashable {
    /// A uniform in ±1/√inputs; or of N(0, 1/r²). B 0.
    case uniform, gaussian
    /// Both drawn, orthogonal to each other, so that B A is 0 up to rounding.
    case orthogonal
    /// The greatest singular values and vectors of the base's matrix, which are subtracted of it (Meng et
    /// al. 2024); nil: until they stand still, else so many iterations.
    case pissa(iterations: Int?)
    /// The first columns of Q and rows of R of the base's matrix, which are subtracted of it
    /// (Büyükakyüz 2024).
    case olora
    /// What a file holds beside A and B: it was subtracted of the base before that was quantized so.
    case kept(Quantization)

    /// Reads PEFT's word; nil where it is none of these.
    public init?(_ word: JSONValue) {
      let text = word.string?.lowercased()
      switch (word, text) {
      case (true, _): self = .uniform
      case (_, "gaussian"): self = .gaussian
      case (_, "orthogonal"): self = .orthogonal
      case (_, "pissa"): self = .pissa(iterations: nil)
      case (_, "olora"): self = .olora
      default:
        guard let text, text.hasPrefix("pissa_niter_"), let count = Int(text.dropFirst(12)),
          count > 0
        else { return nil }
        self = .pissa(iterations: count)
      }
    }

    /// PEFT's word.
    public var word: JSONValue {
      switch self {
      case .uniform: true
      case .gaussian: "gaussian"
      case .orthogonal: "orthogonal"
      case .pissa(nil): "pissa"
      case .pissa(let count?): .string("pissa_niter_\(count)")
      case .olora: "olora"
      case .kept: true
      }
    }

    /// How a file's base was quantized after the start was subtracted of it; nil where none was.
    var residual: Quantization? { if case .kept(let kind) = self { kind } else { nil } }

    /// Whether nothing is subtracted of the base.
    var startsAsBase: Bool {
      switch self {
      case .uniform, .gaussian, .orthogonal: true
      case .pissa, .olora, .kept: false
      }
    }

    func check(_ ranks: [(path: String, rank: Int)]) throws(FormatError) {
      guard self == .orthogonal, let odd = ranks.first(where: { $0.rank % 2 == 1 }) else { return }
      throw FormatError(
        .unsupported, "init_lora_weights",
        "is orthogonal, which needs even ranks; '\(odd.path)' has \(odd.rank)")
    }

    /// What it costs: of a start that is subtracted, A₀ and B₀ are computed beside A and B, unless the
    /// base's codes are made without them.
    func cost(_ rank: Int, isInBase: Bool) -> any AdapterCost {
      startsAsBase || isInBase ? LowRankCost(rank: rank) : SubtractedCost(rank: rank)
    }
  }
}

/// The cost of a low-rank part on the head, by whose whole sum the loss multiplies: that and its gradient
/// are made once for each pass.
struct HeadCost: AdapterCost {
  let rank: Int

  func parameters(inputs: Int, outputs: Int) -> Int { rank * (inputs + outputs) }

  func cost(
    _ rows: Int, inputs: Int, outputs: Int, wantsInput: Bool, keepsOutput: Bool
  ) -> Cost {
    let whole = 2 * Double(rank * inputs * outputs)
    return Cost(
      forward: whole, backward: 2 * whole + 2 * Double(rows * inputs * outputs),
      kept: 2 * Buffer.bytes(inputs * outputs))
  }
}

/// The cost of a low-rank part and of its start, which is computed beside it and of which nothing is
/// trained, nor kept.
private struct SubtractedCost: AdapterCost {
  let rank: Int

  func parameters(inputs: Int, outputs: Int) -> Int { rank * (inputs + outputs) }

  func cost(
    _ rows: Int, inputs: Int, outputs: Int, wantsInput: Bool, keepsOutput: Bool
  ) -> Cost {
    var cost = LowRankCost(rank: rank).cost(
      rows, inputs: inputs, outputs: outputs, wantsInput: wantsInput, keepsOutput: keepsOutput)
    let products = 2 * Double(rows * rank * (inputs + outputs))
    cost.forward += products
    if wantsInput { cost.backward += products }
    cost.passing += Buffer.bytes(rows * rank)
    return cost
  }
}

extension LoRAConfig.Beginning {
  /// New A and B on `linear`; of a file nothing is asked, so that zeros do.
  func factors(on linear: Linear, rank: Int, scale: Float, _ source: AdapterSource)
    throws(FormatError) -> (a: Tensor, b: Tensor)
  {
    let (outputs, inputs) = (linear.weight.rows, linear.weight.columns), path = linear.path
    let zero = Tensor(rows: outputs, columns: rank, repeating: 0)
    guard case .fresh(let seed) = source else { return (zero, zero) }
    func random(_ part: String) -> Random {
      Random(seed: seed, stream: Random.stream(path + "." + part))
    }
    if !startsAsBase, rank > min(outputs, inputs) {
      throw FormatError(
        .unsupported, "init_lora_weights",
        "is \(word.text()), but '\(path)' has no \(rank) singular values; take a smaller rank")
    }
    switch self {
    case .uniform:
      return (
        .uniform(rank, inputs, bound: 1 / Double(inputs).squareRoot(), random("lora_A")), zero
      )
    case .gaussian:
      return (.normal(rank, inputs, random("lora_A"), deviation: 1 / Double(rank)), zero)
    case .orthogonal:
      let turn = Tensor.normal(rank, rank, random("orthogonal"))
      orthonormalizeRows(turn)
      let odd = selectRows(turn, Array(stride(from: 0, to: rank, by: 2)))
      let even = selectRows(turn, Array(stride(from: 1, to: rank, by: 2)))
      let left = Tensor.normal(inputs, rank / 2, random("lora_A"), deviation: 0.1)
      let right = Tensor.normal(outputs, rank / 2, random("lora_B"), deviation: 0.1)
      return (
        project(left, .tensor(odd.transposed())).transposed(),
        project(right, .tensor(even.transposed()))
      )
    case .pissa(let iterations):
      let found = linear.weight.leadingSingular(rank, iterations: iterations, random("pissa"))
      let roots = Tensor(
        rows: rank, columns: 1,
        values: found.values.map { Float(($0 / Double(scale)).squareRoot()) })
      return (scaleRows(found.right, by: roots), scaleRows(found.left, by: roots).transposed())
    case .kept: preconditionFailure("a file's start is no new one")
    case .olora:
      let (q, r) = linear.weight.leadingQR(rank)
      return (r, q)
    }
  }
}
