import Formats
import JSON
import Testing

/// Keys of config.json: read, harmless, refused by name, or said to be unknown.
@Suite struct ConfigKeyTests {
  func config(_ family: String, _ changes: [String: JSONValue] = [:]) throws -> ModelConfig {
    let name: [String: JSONValue] = [
      "architectures": [.string(family + "ForCausalLM")], "num_key_value_heads": 4,
    ]
    return try ModelConfig(
      json: ModelConfigTests.old(name.merging(changes) { $1 }), path: "config.json")
  }

  func windows(_ family: String, _ changes: [String: JSONValue]) throws -> [Int?] {
    try config(family, changes.merging(["num_hidden_layers": 4]) { $1 }).attention.map(\.window)
  }

  @Test func windowsAreTheFamilys() throws {
    #expect(try windows("Mistral", [:]) == [4096, 4096, 4096, 4096])
    #expect(try windows("Mistral", ["sliding_window": nil]) == [nil, nil, nil, nil])
    #expect(try windows("Mistral", ["sliding_window": 7]) == [7, 7, 7, 7])
    #expect(try windows("Qwen2", ["sliding_window": 7]) == [nil, nil, nil, nil])
    let on: [String: JSONValue] = ["use_sliding_window": true, "sliding_window": 7]
    #expect(try windows("Qwen3", on) == [nil, nil, nil, nil])
    #expect(
      try windows("Qwen3", on.merging(["max_window_layers": 2]) { $1 }) == [nil, nil, 7, 7])
    #expect(
      try windows(
        "Qwen2", ["use_sliding_window": true, "max_window_layers": 0]) == [4096, 4096, 4096, 4096])
    let types: JSONValue = [
      "sliding_attention", "full_attention", "full_attention", "sliding_attention",
    ]
    #expect(try windows("Qwen3", on.merging(["layer_types": types]) { $1 }) == [7, nil, nil, 7])
    #expect(try windows("SmolLM3", on) == [nil, nil, nil, 7])
    #expect(try windows("SmolLM3", ["sliding_window": 7]) == [nil, nil, nil, nil])
    #expect(try windows("Llama", ["use_sliding_window": false, "sliding_window": 7])[0] == nil)
    #expect(try windows("Llama", ["sliding_window": 2048])[0] == nil)
  }

  @Test func layersOfSmolLM3MayNotRotate() throws {
    func rotates(_ changes: [String: JSONValue]) throws -> [Bool] {
      try config("SmolLM3", changes.merging(["num_hidden_layers": 4]) { $1 }).attention
        .map(\.rotates)
    }
    #expect(try rotates([:]) == [true, true, true, false])
    #expect(try rotates(["no_rope_layer_interval": 2]) == [true, false, true, false])
    #expect(try rotates(["no_rope_layers": [0, 1, 1, 1, 1]]) == [false, true, true, true])
    let unsaid = try config("SmolLM3", ["tie_word_embeddings": nil, "rope_theta": nil])
    #expect(unsaid.tiesWordEmbeddings && unsaid.ropeTheta == 2e6 && unsaid.keyValueHeads == 4)
  }

  @Test func theFamilyIsFoundWithoutArchitectures() throws {
    func family(_ changes: [String: JSONValue]) throws -> ModelConfig.Architecture {
      try config("Llama", changes).architecture
    }
    #expect(try family(["architectures": nil, "model_type": "mistral"]) == .mistral)
    #expect(try family(["architectures": [], "model_type": "smollm3"]) == .smolLM3)
    #expect(try family(["architectures": ["Qwen2Model"], "model_type": "qwen2"]) == .qwen2)
    #expect(try family(["architectures": ["LLaMAForCausalLM"]]) == .llama)
  }

  @Test func unknownKeysAreSaid() throws {
    let published = try config(
      "Llama",
      [
        "is_llama_config": true, "use_mrope": false, "rope_interleaved": false,
        "transformers.js_config": [:],
        "pretraining_tp": 2, "use_cache": true, "attention_dropout": 0,
        "final_logit_softcapping": nil,
      ])
    #expect(published.notes.isEmpty)
    #expect(try config("Llama", ["auto_map": ["AutoModel": "m.M"]]).notes.count == 1)
    let notes = try config("Llama", ["rms_norm_epz": 1, "colour": "red"]).notes
    #expect(notes.count == 1)
    #expect(notes[0].contains("rms_norm_epz (like rms_norm_eps)") && notes[0].contains("colour"))
  }

  @Test(
    arguments: [
      ("Llama", "num_local_experts", 8, "num_local_experts is 8; mixtures of experts"),
      ("Qwen3", "attention_multiplier", 0.5, "attention_multiplier is 0.5"),
      ("Llama", "logits_scaling", 8, "logits_scaling is 8"),
      ("Llama", "final_logit_softcapping", 30.0, "final_logit_softcapping is 30"),
      ("Llama", "hidden_act", "relu2", "hidden_act is 'relu2'; only silu"),
      ("Mistral", "attention_bias", true, "attention_bias is true, which MistralForCausalLM"),
      ("Qwen3", "mlp_bias", true, "mlp_bias is true, which Qwen3ForCausalLM does not have"),
      ("Llama", "no_rope_layers", [1, 0], "no_rope_layers is [1,0], which LlamaForCausalLM"),
      ("Llama", "sliding_window", 8, "sliding_window is 8, but LlamaForCausalLM has no window"),
      ("Mistral", "sliding_window", 0, "'sliding_window' is 0"),
      (
        "Mistral", "layer_types", ["full_attention", "full_attention"], "layer_types asks for full"
      ),
      ("Qwen2", "layer_types", ["full_attention"], "an entry for each of the 2 layers"),
      ("Qwen2", "layer_types", ["sliding_attention", "full_attention"], "layer_types asks for sl"),
      ("Qwen2", "layer_types", ["full_attention", "chunked_attention"], "\"chunked_attention\""),
      ("Qwen2", "max_window_layers", "all", "max_window_layers is \"all\""),
      ("SmolLM3", "no_rope_layers", [1], "no_rope_layers must be a list of 1"),
      ("SmolLM3", "no_rope_layer_interval", 0, "'no_rope_layer_interval' is 0"),
      ("Llama", "is_causal", false, "is_causal is false; only causal attention"),
      ("Llama", "attention_dropout", 0.1, "attention_dropout is 0.1"),
      ("Llama", "quantization", ["bits": 4], "weights in this form are not read"),
      ("Llama", "per_layer_config", ["0": [:]], "layers have one shape"),
      ("Llama", "model_type", "qwen2", "model_type is 'qwen2', but architectures names Llama"),
      ("Llama", "architectures", ["LlamaForTokenClassification"], "a head of its own"),
      ("Llama", "architectures", ["LlamaForSequenceClassification"], "has 2 labels"),
      ("Llama", "architectures", ["Phi3ForCausalLM"], "Phi3ForCausalLM is not supported"),
      ("Llama", "architectures", "LlamaForCausalLM", "a list of names is needed"),
      ("Llama", "architectures", nil, "architectures is missing, and so is model_type"),
    ] as [(String, String, JSONValue, String)])
  func refuses(family: String, key: String, value: JSONValue, message: String) throws {
    let error = try #require(throws: FormatError.self) { try config(family, [key: value]) }
    #expect(error.message.contains(message), "\(error)")
  }
}
