public import Formats
public import JSON
public import OrderedCollections

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
    var plain = self
    plain.beginning = .uniform
    guard !beginning.startsAsBase else { return plain }
    let factor = usesRSLoRA ? 2.0.squareRoot() : 2
    plain.r = 2 * r
    plain.alpha = factor * alpha
    plain.rankPattern = rankPattern.mapped { 2 * $0 }
    plain.alphaPattern = alphaPattern.mapped { factor * $0 }
    return plain
  }
}
