public import Formats
public import JSON
public import OrderedCollections
import Tensors

extension LoRAConfig {
  /// Reads LoraConfig's keys.
  public init(_ reader: AdapterConfigReader) throws(FormatError) {
    try Self.check(reader)
    self.init(
      r: try reader.rank("r"), alpha: try reader.number("lora_alpha", 8) { $0.isFinite },
      dropout: try reader.number("lora_dropout", 0) { (0..<1).contains($0) },
      targets: try reader.targets(), usesRSLoRA: try reader.flag("use_rslora"))
    rankPattern = try reader.pattern("rank_pattern", "a whole number above 0") {
      $0.int.flatMap { $0 > 0 ? $0 : nil }
    }
    alphaPattern = try reader.pattern("alpha_pattern", "a number") { $0.double }
    usesDoRA = try reader.flag("use_dora")
    hasLoRABias = try reader.flag("lora_bias")
    bias = try Self.bias(reader)
    savedTokens = try reader.tokens()
    keepsTies = try reader.flag("ensure_weight_tying")
  }

  private static func bias(_ reader: AdapterConfigReader) throws(FormatError) -> Bias {
    guard let value = reader.members["bias"], !value.isNull else { return .none }
    guard let bias = value.string.flatMap(Bias.init(rawValue:)) else {
      throw reader.refuse("bias", "none, all or lora_only is needed")
    }
    return bias
  }

  /// PEFT computes new base weights from some first values whenever it loads such an adapter.
  private static func check(_ reader: AdapterConfigReader) throws(FormatError) {
    let start = reader.members["init_lora_weights"]
    let plain = start?.string.map { JSONValue.string($0.lowercased()) } ?? start
    guard let plain, ![true, false, nil, "gaussian", "orthogonal", "eva", "mica"].contains(plain)
    else { return }
    throw reader.refuse(
      "init_lora_weights",
      "with it the adapter belongs to other base weights; load it with PEFT and save it with "
        + "path_initial_model_for_weight_conversion, or merge it")
  }

  /// Every key of LoraConfig.
  public var members: OrderedDictionary<String, JSONValue> {
    if beginning.residual != nil { return doubled.members }
    var members: OrderedDictionary<String, JSONValue> = [
      "bias": .string(bias.rawValue), "ensure_weight_tying": .bool(keepsTies),
      "fan_in_fan_out": false, "init_lora_weights": beginning.word,
      "loftq_config": .emptyObject, "lora_alpha": .number(alpha),
      "lora_bias": .bool(hasLoRABias), "lora_dropout": .double(dropout),
      "megatron_core": "megatron.core", "qalora_group_size": 16, "r": .int(r),
      "use_dora": .bool(usesDoRA), "use_qalora": false, "use_rslora": .bool(usesRSLoRA),
      "trainable_token_indices": .null,
    ]
    let absent = [
      "alora_invocation_tokens", "arrow_config", "corda_config", "eva_config",
      "layer_replication", "megatron_config", "target_parameters", "lora_ga_config",
      "use_bdlora", "kasa_config", "monteclora_config", "velora_config",
    ]
    for key in absent { members[key] = .null }
    if !savedTokens.isEmpty {
      members["trainable_token_indices"] = .object(
        savedTokens.mapValues { .array($0.map(JSONValue.int)) })
    }
    members["rank_pattern"] = rankPattern.object { .int($0) }
    members["alpha_pattern"] = alphaPattern.object(JSONValue.number)
    return members.merging(targets?.members ?? [:]) { $1 }
  }

  /// Of a start that is subtracted: the plain adapter of twice the rank that adds the same to the base.
  public func published(_ seated: [any Seated]) -> any AdapterMethod {
    guard beginning.startsAsBase else { return doubled }
    var plain = self
    plain.beginning = .uniform
    return plain
  }

  /// The plain adapter whose second half is the start.
  private var doubled: LoRAConfig {
    var plain = self
    plain.beginning = .uniform
    let factor = alphaFactor
    plain.r = 2 * r
    plain.alpha = factor * alpha
    plain.rankPattern = rankPattern.mapped { 2 * $0 }
    plain.alphaPattern = alphaPattern.mapped { factor * $0 }
    return plain
  }

  /// What α is multiplied by where the rank is doubled and the scale is to stay.
  private var alphaFactor: Double { usesRSLoRA ? 2.0.squareRoot() : 2 }

  /// The key under which a file of tensors says how the base was quantized after the start was subtracted
  /// of it.
  private static let residualKey = "quantized_residual"

  /// Of a start without which the base was quantized: how.
  public func metadata(_ seated: [any Seated]) -> OrderedDictionary<String, String> {
    let kind = seated.lazy.compactMap { ($0 as? LoRA)?.residual?.quantization }.first
    return kind.map { [Self.residualKey: $0.name] } ?? [:]
  }

  /// An adapter whose second half is such a start.
  public func reading(_ metadata: OrderedDictionary<String, String>, of path: String)
    throws(FormatError) -> LoRAConfig
  {
    guard let name = metadata[Self.residualKey] else { return self }
    func fault(_ why: String) -> FormatError {
      FormatError(.malformed, path, "\(Self.residualKey) is '\(name)', \(why)")
    }
    guard let kind = Quantization(name: name) else {
      throw fault("which is none of \(Quantization.all.map(\.name).joined(separator: ", "))")
    }
    guard !usesDoRA, ([r] + rankPattern.values.values).allSatisfy({ $0 % 2 == 0 }) else {
      throw fault(
        "but the adapter beside it has no second half: its ranks must be even, without DoRA")
    }
    var halved = self
    halved.beginning = .kept(kind)
    let factor = alphaFactor
    halved.r = r / 2
    halved.alpha = alpha / factor
    halved.rankPattern = rankPattern.mapped { $0 / 2 }
    halved.alphaPattern = alphaPattern.mapped { $0 / factor }
    return halved
  }
}
