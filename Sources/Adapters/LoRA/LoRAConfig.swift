public import Formats
import JSON
public import Layers
public import OrderedCollections

/// The settings of LoRA (Hu et al. 2021) and of DoRA, which is a kind of it (Liu et al. 2024).
public struct LoRAConfig: AdapterMethod {
  /// PEFT's name.
  public static let peftType = "LORA"
  /// The paper's.
  public var title: String { usesDoRA ? "DoRA" : "LoRA" }

  /// Rank, α, and the dropout on the adapter's input.
  public var r: Int, alpha: Double, dropout: Double
  /// Whether the scale is α / √r instead of α / r.
  public var usesRSLoRA: Bool
  /// Whether the columns of the sum have magnitudes of their own.
  public var usesDoRA = false
  /// The adapted modules.
  public var targets: AdapterTargets?
  /// Ranks and αs of modules that differ from the rest.
  public var rankPattern = ModulePattern<Int>(), alphaPattern = ModulePattern<Double>()
  /// The model's biases that are trained; whether B has a bias of its own.
  public var bias = Bias.none, hasLoRABias = false
  /// What A and B are at first.
  public var beginning = Beginning.uniform
  /// Rows of modules that are trained whole (`trainable_token_indices`): by the module's name, the tokens
  /// they are of.
  public var savedTokens: OrderedDictionary<String, [Int]> = [:]
  /// Whether a head that shares the embedding's weight follows it where that is saved
  /// (`ensure_weight_tying`).
  public var keepsTies = false
  /// How much faster B learns than A, and the learning rate of adapters on the embedding (Hayou et al.
  /// 2024); nil: all alike.
  public var rateRatio: Double?, embeddingRate = 1e-6
  /// Whether the base is quantized when it is opened, so that a start that is subtracted of it is so
  /// before.
  var isOnQuantizedBase = false
  /// What follows from these for a run's greatest learning rate.
  var rates = Rates()

  /// The model's biases that are trained, by PEFT's words.
  public typealias Bias = PEFTRecipe.Bias

  /// What the optimizer's rate is multiplied by.
  struct Rates: Sendable {
    var ofB = 1.0, ofEmbedding = 1.0
  }

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

  /// Rank, α, dropout, and whatever else is not as usual.
  public var settings: [(name: String, text: String)] {
    func list<Value>(_ pattern: ModulePattern<Value>) -> String {
      pattern.values.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
    }
    let alpha = JSONValue.number(alpha).text() + (usesRSLoRA ? ", scaled by its root" : "")
    let residual = beginning.residual.map {
      "\($0.name) codes of what its start, the second half of the file's rank, leaves of it"
    }
    let rest = [
      ("ranks", list(rankPattern)), ("alphas", list(alphaPattern)),
      ("magnitudes", usesDoRA ? "of their own (DoRA)" : ""),
      ("biases", bias == .none ? "" : bias.rawValue), ("bias of B", hasLoRABias ? "yes" : ""),
      ("begins as", beginning == .uniform || residual != nil ? "" : beginning.word.text()),
      ("base", residual ?? ""),
    ]
    return [("rank", "\(r)"), ("alpha", alpha), ("dropout", "\(dropout)")]
      + rest.filter { !$0.1.isEmpty }
  }

  /// That of a low-rank part; with a beginning that is subtracted, of one twice as wide.
  public func cost(at path: String) -> (any AdapterCost)? {
    let rank = rank(of: path)
    if AdapterTargets.isHead(path) { return HeadCost(rank: rank) }
    return usesDoRA
      ? DoRACost(rank: rank, drops: dropout > 0)
      : beginning.cost(rank, isInBase: isOnQuantizedBase)
  }

  /// A start is subtracted of the base before that is quantized.
  public var onQuantizedBase: LoRAConfig {
    var config = self
    config.isOnQuantizedBase = true
    return config
  }

  /// Those of a start that is subtracted.
  public var keepsResiduals: Bool { isOnQuantizedBase && !beginning.startsAsBase }

  /// Yes, but for magnitudes, whose norms are those of a projection.
  public var adaptsEnds: Bool { !usesDoRA }

  /// Refuses keys of patterns that no adapted module has, and what stands in each other's way.
  public func check(adapting paths: [String]) throws(FormatError) {
    for (key, unused) in [
      ("rank_pattern", rankPattern.unused(among: paths)),
      ("alpha_pattern", alphaPattern.unused(among: paths)),
    ] {
      guard let name = unused.first else { continue }
      throw FormatError(.unsupported, key, "'\(name)' matches no projection that gets an adapter")
    }
    for (key, ordered) in [
      ("rank_pattern", rankPattern.ordered(among: paths)),
      ("alpha_pattern", alphaPattern.ordered(among: paths)),
    ] {
      guard let path = ordered else { continue }
      throw FormatError(
        .unsupported, key,
        "several keys match '\(path)' and the first decides, but PEFT sorts them when it saves an adapter "
          + "again, which would make it another one; write keys of which one alone matches")
    }
    if !beginning.startsAsBase, usesDoRA {
      throw FormatError(
        .unsupported, "use_dora",
        "cannot stand beside init_lora_weights \(beginning.word.text()): its norms would be those of "
          + "another base")
    }
    try beginning.check(paths.map { ($0, rank(of: $0)) })
  }

  /// Not where B A begins as something, if only up to rounding.
  public var beginsAsBase: Bool { beginning == .uniform || beginning == .gaussian }

  /// With the rates of LoRA+ for a run's greatest rate.
  public func settled(steps: Int, rate: Double) throws(FormatError) -> LoRAConfig {
    guard let rateRatio else { return self }
    var settled = self
    settled.rates = Rates(ofB: rateRatio, ofEmbedding: embeddingRate / max(rate, 1e-30))
    return settled
  }
}

extension AdapterConfig {
  /// The settings, where the method is LoRA.
  public var lora: LoRAConfig? { method as? LoRAConfig }
}
