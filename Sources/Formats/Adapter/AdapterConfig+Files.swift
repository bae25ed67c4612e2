import JSON
import OrderedCollections

extension AdapterConfig {
  /// The file's name in an adapter's folder.
  public static let fileName = "adapter_config.json"

  /// Reads a folder's adapter_config.json. Whatever it asks for beyond plain LoRA is refused by name:
  /// ignored, it would change the numbers.
  public init(folder: String) throws(FormatError) {
    let path = folder + "/" + Self.fileName
    guard let members = try JSONValue(readingFile: path).object else {
      throw FormatError(.malformed, path, "the file holds no JSON object")
    }
    func refuse(_ key: String, _ why: String) -> FormatError {
      FormatError(.unsupported, path, "\(key) is \(members[key]?.text() ?? "absent"); \(why)")
    }
    guard members["peft_type"]?.string == "LORA" else {
      throw refuse("peft_type", "only LORA adapters can be read")
    }
    guard let r = members["r"]?.int, r > 0 else { throw refuse("r", "a positive rank is needed") }
    if let bias = members["bias"], bias != "none" {
      throw refuse("bias", "only adapters without trained biases can be read")
    }
    if let start = members["init_lora_weights"], !Self.plainInitializations.contains(start) {
      throw refuse(
        "init_lora_weights", "it changes the base model's weights; convert the adapter with PEFT")
    }
    guard let targets = AdapterTargets(members["target_modules"]) else {
      throw refuse(
        "target_modules",
        "a list of names, \"all-linear\" or a pattern that this program wrote is needed")
    }
    self.targets = targets
    self.r = r
    alpha = members["lora_alpha"]?.double ?? 8
    dropout = members["lora_dropout"]?.double ?? 0
    usesRSLoRA = members["use_rslora"]?.bool ?? false
    baseModel = members["base_model_name_or_path"]?.string
    rankPattern = try Self.pattern(members, "rank_pattern", refuse) { $0.int }
    alphaPattern = try Self.pattern(members, "alpha_pattern", refuse) { $0.double }
    for (key, value) in members where !Self.understood.contains(key) {
      guard value.isNull || value == false || value == .emptyObject || value == .array([]) else {
        throw refuse(key, "this setting changes the adapter's numbers and is not supported")
      }
    }
  }

  /// Path endings only: a regular expression is refused rather than matched differently from PEFT.
  private static func pattern<Value>(
    _ members: OrderedDictionary<String, JSONValue>, _ key: String,
    _ refuse: (String, String) -> FormatError, _ read: (JSONValue) -> Value?
  ) throws(FormatError) -> [String: Value] {
    var result: [String: Value] = [:]
    for (name, value) in members[key]?.object ?? [:] {
      guard !name.contains(where: { "^$*+?()[]{}|\\".contains($0) }), let value = read(value)
      else { throw refuse(key, "only path endings with a number each can be read") }
      result[name] = value
    }
    return result
  }

  /// First values that leave the base model's weights as they are.
  private static let plainInitializations: [JSONValue] = [
    true, false, nil, "gaussian", "orthogonal", "eva",
  ]

  /// Keys whose values are read above, or change nothing once the adapter is trained.
  private static let understood: Set<String> = [
    "alpha_pattern", "auto_mapping", "base_model_name_or_path", "bias", "inference_mode",
    "init_lora_weights", "lora_alpha", "lora_dropout", "peft_type", "peft_version", "r",
    "rank_pattern", "revision", "target_modules", "task_type", "use_rslora",
    "qalora_group_size", "megatron_core", "runtime_config",
  ]

  /// Every key that peft 0.21.2 writes for LoRA, sorted.
  public var json: JSONValue {
    var members: OrderedDictionary<String, JSONValue> = [
      "base_model_name_or_path": baseModel.map(JSONValue.string) ?? .null, "bias": "none",
      "fan_in_fan_out": false, "inference_mode": true, "init_lora_weights": true,
      "loftq_config": .emptyObject, "lora_alpha": Self.number(alpha), "lora_bias": false,
      "lora_dropout": .double(dropout), "megatron_core": "megatron.core", "peft_type": "LORA",
      "peft_version": "0.21.2", "qalora_group_size": 16, "r": .int(r), "task_type": "CAUSAL_LM",
      "target_modules": targets.json,
      "use_dora": false, "use_qalora": false, "use_rslora": .bool(usesRSLoRA),
      "ensure_weight_tying": false,
    ]
    let absent = [
      "alora_invocation_tokens", "arrow_config", "auto_mapping", "corda_config", "eva_config",
      "exclude_modules", "layer_replication", "layers_pattern", "layers_to_transform",
      "megatron_config", "modules_to_save", "revision", "target_parameters",
      "trainable_token_indices", "lora_ga_config", "use_bdlora", "kasa_config",
      "monteclora_config", "velora_config",
    ]
    for key in absent { members[key] = .null }
    members["rank_pattern"] = Self.object(rankPattern) { .int($0) }
    members["alpha_pattern"] = Self.object(alphaPattern, Self.number)
    return .object(members)
  }

  /// Writes adapter_config.json into an existing folder.
  public func write(folder: String) throws(FormatError) {
    let style = JSONValue.Style(indent: 2, sortsKeys: true, isSpaced: true)
    _ = try DurableFile.write(json.text(style) + "\n", to: folder + "/" + Self.fileName)
  }

  private static func number(_ value: Double) -> JSONValue {
    Int(exactly: value).map(JSONValue.int) ?? .double(value)
  }

  private static func object<Value>(_ pattern: [String: Value], _ value: (Value) -> JSONValue)
    -> JSONValue
  {
    .object(
      OrderedDictionary(
        uniqueKeysWithValues: pattern.sorted { $0.key < $1.key }.map { ($0.key, value($0.value)) }))
  }
}
