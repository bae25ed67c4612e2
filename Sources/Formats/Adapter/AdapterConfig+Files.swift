import JSON
import OrderedCollections

extension AdapterConfig {
  /// The file's name in an adapter's folder.
  public static let fileName = "adapter_config.json"

  /// Reads a folder's adapter_config.json. What it asks for beyond what is computed here is refused by
  /// name: ignored, it would change the numbers.
  public init(folder: String) throws(FormatError) {
    let reader = try AdapterConfigReader(path: folder + "/" + Self.fileName)
    try reader.check()
    self.init(
      r: try reader.rank(), alpha: try reader.number("lora_alpha", 8) { $0.isFinite },
      dropout: try reader.number("lora_dropout", 0) { (0..<1).contains($0) },
      targets: try reader.targets(), usesRSLoRA: try reader.flag("use_rslora"),
      baseModel: reader.members["base_model_name_or_path"]?.string)
    rankPattern = try reader.pattern("rank_pattern", "a whole number above 0") {
      $0.int.flatMap { $0 > 0 ? $0 : nil }
    }
    alphaPattern = try reader.pattern("alpha_pattern", "a number") { $0.double }
    task = reader.task
    savedModules = try reader.savedModules(task)
    savedTokens = try reader.tokens()
    keepsTies = try reader.flag("ensure_weight_tying")
  }

  /// Every key that peft 0.21.2 writes for LoRA, sorted. The patterns' own keys keep their order, which
  /// decides between them.
  public var json: JSONValue {
    var members: OrderedDictionary<String, JSONValue> = [
      "base_model_name_or_path": baseModel.map(JSONValue.string) ?? .null, "bias": "none",
      "ensure_weight_tying": .bool(keepsTies), "fan_in_fan_out": false, "inference_mode": true,
      "init_lora_weights": true, "loftq_config": .emptyObject, "lora_alpha": Self.number(alpha),
      "lora_bias": false, "lora_dropout": .double(dropout), "megatron_core": "megatron.core",
      "peft_type": "LORA", "peft_version": "0.21.2", "qalora_group_size": 16, "r": .int(r),
      "task_type": .string(task.rawValue), "target_modules": targets.json, "use_dora": false,
      "use_qalora": false, "use_rslora": .bool(usesRSLoRA),
    ]
    let absent = [
      "alora_invocation_tokens", "arrow_config", "auto_mapping", "corda_config", "eva_config",
      "exclude_modules", "layer_replication", "layers_pattern", "layers_to_transform",
      "megatron_config", "modules_to_save", "revision", "target_parameters",
      "trainable_token_indices", "lora_ga_config", "use_bdlora", "kasa_config",
      "monteclora_config", "velora_config",
    ]
    for key in absent { members[key] = .null }
    if let excluded = targets.excluded { members["exclude_modules"] = excluded.json }
    if let layers = targets.layers {
      members["layers_to_transform"] = .array(layers.indices.map(JSONValue.int))
      if !layers.lists.isEmpty {
        members["layers_pattern"] = .array(layers.lists.map(JSONValue.string))
      }
    }
    if !savedModules.isEmpty {
      members["modules_to_save"] = .array(savedModules.map(JSONValue.string))
    }
    if !savedTokens.isEmpty {
      members["trainable_token_indices"] = .object(
        savedTokens.mapValues { .array($0.map(JSONValue.int)) })
    }
    members["rank_pattern"] = rankPattern.object { .int($0) }
    members["alpha_pattern"] = alphaPattern.object(Self.number)
    members.sort { $0.key < $1.key }
    return .object(members)
  }

  /// The file's text.
  public var text: String { json.text(.pretty) + "\n" }

  /// Writes adapter_config.json into an existing folder.
  public func write(folder: String) throws(FormatError) {
    _ = try DurableFile.write(text, to: folder + "/" + Self.fileName)
  }

  private static func number(_ value: Double) -> JSONValue {
    Int(exactly: value).map(JSONValue.int) ?? .double(value)
  }
}
