public import Formats
import JSON
public import Layers
public import OrderedCollections
import Tensors

/// The settings of LoRA (Hu et al. 2021).
public struct LoRAConfig: AdapterMethod {
  /// PEFT's name.
  public static let peftType = "LORA"
  /// The paper's.
  public static let title = "LoRA"

  /// Rank, α, and the dropout on the adapter's input.
  public var r: Int, alpha: Double, dropout: Double
  /// Whether the scale is α / √r instead of α / r.
  public var usesRSLoRA: Bool
  /// The adapted modules.
  public var targets: AdapterTargets?
  /// Ranks and αs of modules that differ from the rest.
  public var rankPattern = ModulePattern<Int>(), alphaPattern = ModulePattern<Double>()
  /// Rows of modules that lie in the file (`trainable_token_indices`): by the module's name, the tokens
  /// they are of.
  public var savedTokens: OrderedDictionary<String, [Int]> = [:]
  /// Whether a head that shares the embedding's weight follows it where that is saved
  /// (`ensure_weight_tying`).
  public var keepsTies = false

  /// Describes a new adapter.
  public init(
    r: Int, alpha: Double, dropout: Double = 0, targets: AdapterTargets, usesRSLoRA: Bool = false
  ) {
    self.r = r
    self.alpha = alpha
    self.dropout = dropout
    self.targets = targets
    self.usesRSLoRA = usesRSLoRA
  }

  /// The rank of the adapter on the module at `path`.
  public func rank(of path: String) -> Int { rankPattern.value(for: path) ?? r }

  /// What the product B · A is multiplied with on the module at `path`.
  public func scale(of path: String) -> Float {
    let alpha = alphaPattern.value(for: path) ?? alpha, rank = Double(rank(of: path))
    return Float(alpha / (usesRSLoRA ? rank.squareRoot() : rank))
  }

  /// Rank, α, dropout, and patterns.
  public var settings: [(name: String, text: String)] {
    func list<Value>(_ pattern: ModulePattern<Value>) -> String {
      pattern.values.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
    }
    let patterns = [("ranks", list(rankPattern)), ("alphas", list(alphaPattern))]
    let alpha = JSONValue.number(alpha).text() + (usesRSLoRA ? ", scaled by its root" : "")
    return [("rank", "\(r)"), ("alpha", alpha), ("dropout", "\(dropout)")]
      + patterns.filter { !$0.1.isEmpty }
  }

  /// That of a low-rank part.
  public func cost(at path: String) -> (any AdapterCost)? { LowRankCost(rank: rank(of: path)) }

  /// Refuses keys of patterns that no adapted module has.
  public func check(adapting paths: [String]) throws(FormatError) {
    for (key, unused) in [
      ("rank_pattern", rankPattern.unused(among: paths)),
      ("alpha_pattern", alphaPattern.unused(among: paths)),
    ] {
      guard let name = unused.first else { continue }
      throw FormatError(.unsupported, key, "'\(name)' matches no projection that gets an adapter")
    }
  }

  /// New ones begin with A uniform in ±1/√inputs and B zero, so that the model is unchanged at first.
  public func seat(on seats: ModelSeats, from source: AdapterSource) throws(FormatError)
    -> [any Seated]
  {
    var seated: [any Seated] = []
    for linear in seats.linears {
      let rank = rank(of: linear.path)
      let (outputs, inputs) = (linear.weight.rows, linear.weight.columns)
      let a = try source.matrix("lora_A.weight", of: linear.path, rank, inputs) {
        .uniform(rank, inputs, bound: 1 / Double(inputs).squareRoot(), $0)
      }
      let b = try source.matrix("lora_B.weight", of: linear.path, outputs, rank) { _ in
        Tensor(rows: outputs, columns: rank, repeating: 0)
      }
      seated.append(
        LoRA(
          on: linear, a: a, b: b, scale: scale(of: linear.path), dropoutRate: Float(dropout)))
    }
    return seated
  }
}

extension AdapterConfig {
  /// The settings, where the method is LoRA.
  public var lora: LoRAConfig? { method as? LoRAConfig }
}
