// Which keys belong to which method.
extension PEFTRecipe {
  static let virtualKeys: [RecipeKey<PEFTRecipe>] = [
    RecipeKey(
      "num_virtual_tokens", \.virtualTokens, "virtual tokens of a prefix or a prompt", .positive),
    RecipeKey(
      "prefix_projection", \.projectsPrefix,
      "prefix_tuning: two projections make the prefix while it is trained"),
    RecipeKey(
      "encoder_hidden_size", \.encoderWidth,
      "the width between these projections; null: the width of a layer's keys", .positive),
    RecipeKey(
      "prefix_init_text", \.prefixText,
      "a text whose keys and values the prefix begins as, cut or repeated to its length; null: random "
        + "numbers, as in PEFT"),
    RecipeKey(
      "prompt_tuning_init", \.promptBeginning,
      "what a prompt begins as: TEXT, SAMPLE_VOCAB (tokens that are drawn) or RANDOM; null: TEXT where "
        + "there is one, else SAMPLE_VOCAB"),
    RecipeKey(
      "prompt_tuning_init_text", \.promptText,
      "a text as which the prompt begins, cut or repeated to its length"),
  ]

  /// The keys that a method reads; nil where it is not asked which.
  private static func read(by method: Method) -> Set<String>? {
    let common: Set<String> = ["method", "adapter_name_or_path"]
    switch method {
    case .full: return nil
    case .lora: return common.union(lowRankKeys.map(\.name))
    case .adalora:
      return common.union([
        "lora_alpha", "lora_dropout", "target_modules", "exclude_modules", "layers_to_transform",
        "modules_to_save",
      ]).union(rankKeys.map(\.name)).subtracting(["feedforward_modules"])
    case .ia3:
      return common.union([
        "target_modules", "exclude_modules", "feedforward_modules", "modules_to_save",
      ])
    case .prefixTuning:
      return common.union([
        "num_virtual_tokens", "prefix_projection", "encoder_hidden_size", "prefix_init_text",
      ])
    case .promptTuning:
      return common.union([
        "num_virtual_tokens", "prompt_tuning_init", "prompt_tuning_init_text",
      ])
    }
  }

  /// Whether a method reads the key of this name.
  public static func reads(_ key: String, _ method: Method) -> Bool {
    read(by: method)?.contains(key) ?? (key == "method")
  }

  /// Refuses keys that would have no effect, and values that do not go together. `isSet` says whether
  /// the user set a key.
  func check(
    isSet: (_ key: String) -> Bool, _ fault: (_ key: String, _ message: String) -> FormatError
  ) throws(FormatError) {
    let read = Self.read(by: method), plain = Self()
    for key in Self.keys where isSet(key.name) && key.json(self) != key.json(plain) {
      if read?.contains(key.name) ?? true { continue }
      let others = Method.allCases.filter { Self.read(by: $0)?.contains(key.name) ?? false }
      throw fault(
        key.name,
        "has no effect on peft.method \(method.rawValue); it belongs to "
          + others.map(\.rawValue).joined(separator: ", "))
    }
    try checkVirtualTokens(fault)
  }

  private func checkVirtualTokens(
    _ fault: (_ key: String, _ message: String) -> FormatError
  ) throws(FormatError) {
    if encoderWidth != nil, !projectsPrefix {
      throw fault("encoder_hidden_size", "counts with prefix_projection: true alone")
    }
    if prefixText != nil, projectsPrefix {
      throw fault(
        "prefix_init_text",
        "cannot stand beside prefix_projection, whose first values make the prefix; leave one out")
    }
    if prefixText?.isEmpty ?? false { throw fault("prefix_init_text", "is empty") }
    if promptText?.isEmpty ?? false { throw fault("prompt_tuning_init_text", "is empty") }
    switch promptBeginning {
    case .text where promptText == nil:
      throw fault("prompt_tuning_init", "is TEXT; name the text as prompt_tuning_init_text")
    case .vocabulary where promptText != nil, .random where promptText != nil:
      throw fault(
        "prompt_tuning_init_text",
        "counts with prompt_tuning_init: TEXT alone, which is \(promptBeginning?.rawValue ?? "")")
    default: break
    }
  }
}
