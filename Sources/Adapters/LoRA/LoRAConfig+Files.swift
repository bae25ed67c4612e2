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
    savedTokens = try reader.tokens()
    keepsTies = try reader.flag("ensure_weight_tying")
  }

  private static func check(_ reader: AdapterConfigReader) throws(FormatError) {
    if let bias = reader.members["bias"], !bias.isNull, bias != "none" {
      throw reader.refuse("bias", "only adapters without trained biases can be read")
    }
    let start = reader.members["init_lora_weights"]
    let plain = start?.string.map { JSONValue.string($0.lowercased()) } ?? start
    if let plain, !plainBeginnings.contains(plain) {
      throw reader.refuse("init_lora_weights", otherBeginning)
    }
  }

  /// Every key of LoraConfig.
  public var members: OrderedDictionary<String, JSONValue> {
    var members: OrderedDictionary<String, JSONValue> = [
      "bias": "none", "ensure_weight_tying": .bool(keepsTies), "fan_in_fan_out": false,
      "init_lora_weights": true, "loftq_config": .emptyObject, "lora_alpha": .number(alpha),
      "lora_bias": false, "lora_dropout": .double(dropout), "megatron_core": "megatron.core",
      "qalora_group_size": 16, "r": .int(r), "use_dora": false, "use_qalora": false,
      "use_rslora": .bool(usesRSLoRA), "trainable_token_indices": .null,
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
}
