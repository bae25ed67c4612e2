public import Formats
public import JSON
public import OrderedCollections

extension AdaLoRAConfig {
  /// The keys of peft 0.21.2's AdaLoraConfig beside the common ones.
  public static let keys: [(name: String, meaning: AdapterKey)] =
    [
      ("init_r", .read), ("target_r", .read), ("tinit", .read), ("tfinal", .read),
      ("deltaT", .read), ("beta1", .read), ("beta2", .read), ("orth_reg_weight", .read),
      ("total_step", .read), ("rank_pattern", .read), ("lora_alpha", .read),
      ("lora_dropout", .read), ("r", .idle("means nothing beside init_r")),
      ("init_lora_weights", .idle("says how the adapter began")),
      ("use_rslora", .refused("PEFT scales AdaLoRA by init_r alone")),
      ("use_dora", .refused("PEFT does not know it beside AdaLoRA")),
      ("lora_bias", .refused("biases of B are not computed beside AdaLoRA")),
      ("alpha_pattern", .refused("PEFT scales every adapter of AdaLoRA alike")),
      ("trainable_token_indices", .refused("rows of tokens are not computed beside AdaLoRA")),
      ("ensure_weight_tying", .refused("shared weights are not computed beside AdaLoRA")),
    ]
    + LoRAConfig.keys.filter { key in
      ![
        "use_dora", "lora_bias", "trainable_token_indices", "ensure_weight_tying", "r",
        "lora_alpha", "lora_dropout", "use_rslora", "rank_pattern", "alpha_pattern",
        "init_lora_weights",
      ].contains(key.name)
    }

  /// Reads AdaLoraConfig's keys.
  public init(_ reader: AdapterConfigReader) throws(FormatError) {
    self.init(
      initialRank: try reader.count("init_r", 12, atLeast: 1),
      targetRank: try reader.count("target_r", 8, atLeast: 1),
      alpha: try reader.number("lora_alpha", 8) { $0.isFinite },
      dropout: try reader.number("lora_dropout", 0) { (0..<1).contains($0) },
      targets: try reader.targets())
    if let bias = reader.members["bias"], !bias.isNull, bias != "none" {
      throw reader.refuse("bias", "trained biases are not computed beside AdaLoRA")
    }
    warmup = try reader.count("tinit", 0, atLeast: 0)
    final = try reader.count("tfinal", 0, atLeast: 0)
    interval = try reader.count("deltaT", 1, atLeast: 1)
    beta1 = try reader.number("beta1", 0.85) { (0...1).contains($0) }
    beta2 = try reader.number("beta2", 0.85) { (0...1).contains($0) }
    orthogonality = try reader.number("orth_reg_weight", 0.5) { $0 >= 0 && $0.isFinite }
    totalSteps = reader.members["total_step"]?.int
    ranksLeft = try Self.ranksLeft(reader, initialRank)
  }

  private static func ranksLeft(_ reader: AdapterConfigReader, _ rank: Int) throws(FormatError)
    -> OrderedDictionary<String, [Bool]>
  {
    guard let value = reader.members["rank_pattern"], !value.isNull else { return [:] }
    var left: OrderedDictionary<String, [Bool]> = [:]
    for (name, flags) in value.object ?? [:] {
      let kept = flags.array?.compactMap(\.bool) ?? []
      guard kept.count == rank, flags.array?.count == rank else {
        throw reader.refuse(
          "rank_pattern", "'\(name)' needs \(rank) times true or false, as many as init_r")
      }
      left[name] = kept
    }
    if left.isEmpty, value != .emptyObject {
      throw reader.refuse(
        "rank_pattern", "an object is needed: for each lora_E which ranks are left")
    }
    return left
  }

  /// Every key of AdaLoraConfig.
  public var members: OrderedDictionary<String, JSONValue> {
    let plain = LoRAConfig(
      r: 8, alpha: alpha, dropout: dropout, targets: targets ?? AdapterTargets([]))
    var members = plain.members
    members["init_r"] = .int(initialRank)
    members["target_r"] = .int(targetRank)
    members["tinit"] = .int(warmup)
    members["tfinal"] = .int(final)
    members["deltaT"] = .int(interval)
    members["beta1"] = .number(beta1)
    members["beta2"] = .number(beta2)
    members["orth_reg_weight"] = .number(orthogonality)
    members["total_step"] = totalSteps.map(JSONValue.int) ?? .null
    members["rank_pattern"] =
      ranksLeft.isEmpty
      ? .null : .object(ranksLeft.mapValues { .array($0.map(JSONValue.bool)) })
    return members
  }
}

extension AdapterConfigReader {
  /// A whole number; the standard one where the key is absent.
  func count(_ key: String, _ standard: Int, atLeast least: Int) throws(FormatError) -> Int {
    guard let value = members[key], !value.isNull else { return standard }
    guard let count = value.int, count >= least else {
      throw refuse(key, "a whole number of at least \(least) is needed")
    }
    return count
  }
}
