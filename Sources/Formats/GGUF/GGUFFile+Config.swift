import JSON
import Tensors

extension GGUFFile {
  /// What the file says of the model, as config.json would say it.
  public func config() throws(FormatError) -> JSONValue {
    let a = try architecture()
    func number(_ key: String) throws(FormatError) -> Int {
      let number: Int = try value("\(a).\(key)", "whole number", \.int)
      guard number > 0 else {
        throw FormatError(.malformed, path, "the key '\(a).\(key)' is \(number)")
      }
      return number
    }
    let heads = try number("attention.head_count"), hidden = try number("embedding_length")
    let classes = [
      "llama": "LlamaForCausalLM", "qwen2": "Qwen2ForCausalLM", "qwen3": "Qwen3ForCausalLM",
    ]
    let keyHeads = metadata["\(a).attention.head_count_kv"]?.int ?? heads
    let eps = metadata["\(a).attention.layer_norm_rms_epsilon"]?.double ?? 1e-6
    let width = metadata["\(a).attention.key_length"]?.int ?? hidden / max(1, heads)
    try check(a, width: width)
    let vocabulary: Int = try entry("token_embd.weight").rows
    var config: JSONValue = [
      "architectures": [.string(classes[a] ?? a)], "model_type": .string(a),
      "hidden_size": .int(hidden), "intermediate_size": .int(try number("feed_forward_length")),
      "num_hidden_layers": .int(try number("block_count")), "num_attention_heads": .int(heads),
      "num_key_value_heads": .int(keyHeads), "head_dim": .int(width),
      "vocab_size": .int(vocabulary), "max_position_embeddings": .int(try number("context_length")),
      "rms_norm_eps": .double(Self.decimal(eps)), "hidden_act": "silu",
      "rope_theta": .double(Self.decimal(metadata["\(a).rope.freq_base"]?.double ?? 10000)),
      "rope_scaling": try scaling(a, width: width),
      "tie_word_embeddings": .bool(entries["output.weight"] == nil),
      "attention_bias": .bool(a == "llama" && entries["blk.0.attn_q.bias"] != nil),
      "dtype": .string(torchType), "bos_token_id": token("bos"), "eos_token_id": endTokens,
      "pad_token_id": token("padding"),
    ]
    if a == "llama" {
      config = config.setting("mlp_bias", .bool(entries["blk.0.ffn_up.bias"] != nil))
    } else {
      config = config.setting("use_sliding_window", false)
    }
    return config
  }

  /// `general.architecture`, of those that are read.
  func architecture() throws(FormatError) -> String {
    if let type = metadata["general.type"]?.string, type != "model" {
      throw FormatError(
        .unsupported, path, "holds \(type == "adapter" ? "an adapter" : "'\(type)'"), no model")
    }
    let name: String = try value("general.architecture", "text", \.string)
    guard ["llama", "qwen2", "qwen3"].contains(name) else {
      throw FormatError(
        .unsupported, path, "has the architecture '\(name)'; read are llama, qwen2, qwen3")
    }
    return name
  }

  private func check(_ a: String, width: Int) throws(FormatError) {
    func refuse(_ key: String, unless value: Int) throws(FormatError) {
      guard let found = metadata["\(a).\(key)"]?.int, found != value, found != 0 else { return }
      throw FormatError(.unsupported, path, "has \(a).\(key) \(found), which is not computed")
    }
    try refuse("expert_count", unless: 0)
    try refuse("rope.dimension_count", unless: width)
    try refuse("attention.value_length", unless: width)
    try refuse("attention.sliding_window", unless: 0)
  }

  /// A number that a file keeps in 32 bits, as people wrote it: 1e-05, not 9.99999974e-06.
  private static func decimal(_ value: Double) -> Double { Double("\(Float(value))") ?? value }

  private func token(_ role: String) -> JSONValue {
    metadata["tokenizer.ggml.\(role)_token_id"]?.int.map(JSONValue.int) ?? .null
  }

  /// Tokens that end an answer.
  private var endTokens: JSONValue {
    let ids = ["eos", "eot", "eom"].compactMap { metadata["tokenizer.ggml.\($0)_token_id"]?.int }
    let unique = ids.enumerated().filter { !ids[..<$0.offset].contains($0.element) }.map(\.element)
    return unique.count == 1
      ? .int(unique[0]) : unique.isEmpty ? .null : .array(unique.map(JSONValue.int))
  }

  /// The type that most numbers have once they are read.
  var torchType: String {
    let matrices = entries.values.filter { $0.shape.count > 1 }
    let plain =
      matrices.allSatisfy { $0.type == matrices[0].type } ? matrices.first?.type.plain : nil
    let isEight = matrices.allSatisfy { [.q80, .f16].contains($0.type) }
    return (plain ?? (isEight ? .f16 : .bf16)).torchName
  }

  private func scaling(_ a: String, width: Int) throws(FormatError) -> JSONValue {
    let factor = metadata["\(a).rope.scaling.factor"]?.double
    if entries["rope_freqs.weight"] != nil { return try llama3(a, width: width) }
    switch metadata["\(a).rope.scaling.type"]?.string {
    case nil, "none"?: return .null
    case "linear"?: return ["rope_type": "linear", "factor": .double(factor ?? 1)]
    case "yarn"?:
      return [
        "rope_type": "yarn", "factor": .double(factor ?? 1),
        "original_max_position_embeddings": .int(
          try value("\(a).rope.scaling.original_context_length", "whole number", \.int)),
      ]
    case let other?:
      throw FormatError(.unsupported, path, "has the rotary scaling '\(other)', which is not read")
    }
  }

  /// Llama 3.1's rule, where the file's divisors are those of its usual settings.
  private func llama3(_ a: String, width: Int) throws(FormatError) -> JSONValue {
    let stored = try tensor("rope_freqs.weight").values, factor = Double(stored.max() ?? 1)
    let theta = Self.decimal(metadata["\(a).rope.freq_base"]?.double ?? 10000)
    let divisors = GGUFModelKeys.divisors(
      width: width, theta: theta, factor: factor, low: 1, high: 4, original: 8192)
    guard stored.count == divisors.count,
      zip(stored, divisors).allSatisfy({ abs($0 - $1) <= 1e-3 * abs($1) })
    else {
      throw FormatError(
        .unsupported, path,
        "has rope_freqs.weight of another rule than Llama 3.1's; only that one is read")
    }
    return [
      "rope_type": "llama3", "factor": .double(factor), "low_freq_factor": 1.0,
      "high_freq_factor": 4.0, "original_max_position_embeddings": 8192,
    ]
  }
}
