import Formats
import JSON
import Testing

@Suite struct ModelConfigTests {
  static func golden(_ name: String) throws -> JSONValue {
    try JSONValue(readingFile: goldens + "/" + name)
  }

  /// A configuration of the older spelling, with changes laid over it.
  static func old(_ changes: [String: JSONValue] = [:]) -> JSONValue {
    let base: JSONValue = [
      "architectures": ["LlamaForCausalLM"], "hidden_size": 32, "intermediate_size": 64,
      "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100, "hidden_act": "silu",
      "rms_norm_eps": 1e-5, "rope_theta": 50000, "torch_dtype": "bfloat16",
      "tie_word_embeddings": true, "eos_token_id": 7,
    ]
    var members = base.object ?? [:]
    for (key, value) in changes { members[key] = value }
    return .object(members)
  }

  @Test func readsTodaysSpelling() throws {
    let config = try ModelConfig(json: Self.golden("qwen3_config.json"), path: "config.json")
    #expect(config.architecture == .qwen3)
    #expect((config.hiddenSize, config.intermediateSize, config.layers) == (16, 24, 2))
    #expect((config.attentionHeads, config.keyValueHeads, config.headDimension) == (4, 2, 8))
    #expect((config.vocabularySize, config.maximumPositions) == (32, 64))
    #expect((config.ropeTheta, config.rmsNormEps) == (10000, 1e-6))
    #expect(config.ropeScaling == .none && config.tiesWordEmbeddings)
    #expect(config.endTokens == [3, 4] && config.dtype == "float32")
  }

  @Test func readsLlama3Scaling() throws {
    let config = try ModelConfig(json: Self.golden("llama_config.json"), path: "config.json")
    #expect(config.ropeTheta == 500000 && config.keyValueHeads == 1)
    let expected = ModelConfig.RopeScaling.llama3(
      factor: 8, lowFrequency: 1, highFrequency: 4, originalLength: 32)
    #expect(config.ropeScaling == expected)
    let old = Self.old([
      "rope_scaling": [
        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
        "original_max_position_embeddings": 32,
      ]
    ])
    #expect(try ModelConfig(json: old, path: "c").ropeScaling == expected)
  }

  @Test func readsTheOlderSpelling() throws {
    let config = try ModelConfig(json: Self.old(), path: "config.json")
    #expect(config.architecture == .llama && config.keyValueHeads == 4)
    #expect(config.headDimension == 8 && config.ropeTheta == 50000)
    #expect(config.endTokens == [7] && config.dtype == "bfloat16" && !config.hasAttentionBias)
    let linear = Self.old(["rope_scaling": ["type": "linear", "factor": 2.0]])
    #expect(try ModelConfig(json: linear, path: "c").ropeScaling == .linear(factor: 2))
  }

  @Test func writesWhatItRead() throws {
    for name in ["qwen3_config.json", "llama_config.json"] {
      let json = try Self.golden(name)
      #expect(try ModelConfig(json: json, path: name).json == json)
    }
    let old = try ModelConfig(json: Self.old(), path: "c").json
    #expect(old["dtype"] == "bfloat16" && old["torch_dtype"] == nil)
  }

  @Test(
    arguments: [
      ("architectures", ["GemmaForCausalLM"], "GemmaForCausalLM is not supported"),
      ("hidden_size", nil, "'hidden_size' is missing"),
      ("num_hidden_layers", 0, "'num_hidden_layers' is 0"),
      ("vocab_size", "many", "'vocab_size' is \"many\""),
      ("rms_norm_eps", "small", "'rms_norm_eps'"),
      ("tie_word_embeddings", 1, "'tie_word_embeddings' is 1"),
      ("num_key_value_heads", 3, "do not fit together"),
      ("hidden_act", "gelu", "hidden_act is 'gelu'"),
      ("quantization_config", ["quant_method": "gptq"], "quant_method 'gptq' is not supported"),
      ("partial_rotary_factor", 0.5, "partial_rotary_factor is 0.5"),
    ] as [(String, JSONValue, String)])
  func refuses(_ key: String, _ value: JSONValue, _ message: String) throws {
    let json = Self.old([key: value])
    let error = try #require(throws: FormatError.self) {
      try ModelConfig(json: json, path: "some/config.json")
    }
    #expect(error.place == "some/config.json")
    #expect(error.message.contains(message), "\(error)")
  }

  @Test func namesTheSupportedArchitectures() throws {
    let json = Self.old(["architectures": ["MixtralForCausalLM"]])
    let error = try #require(throws: FormatError.self) { try ModelConfig(json: json, path: "c") }
    for name in ["Llama", "Mistral", "Qwen2", "Qwen3", "SmolLM3"] {
      #expect(error.message.contains(name + "ForCausalLM"))
    }
  }

  @Test func generationConfigsMayBeAbsent() throws {
    try withFolder { folder in
      #expect(try GenerationConfig(folder: folder).endTokens.isEmpty)
      try put(
        Array(#"{"eos_token_id":[151645,151643],"use_cache":true,"top_p":1.0}"#.utf8),
        folder + "/generation_config.json")
      let config = try GenerationConfig(folder: folder)
      #expect(config.endTokens == [151645, 151643])
      #expect(config.notes.isEmpty)
      #expect(try ModelFolder.resolve(folder) == folder)
    }
  }

  @Test func whatGenerationConfigsAdviseIsSaid() throws {
    try withFolder { folder in
      let text =
        #"{"do_sample":true,"temperature":0.6,"min_p":null,"num_beams":4,"suppress_tokens":[5],"#
        + #""no_repeat_ngram_size":0,"temprature":1}"#
      try put(Array(text.utf8), folder + "/generation_config.json")
      let notes = try GenerationConfig(folder: folder).notes
      #expect(notes.count == 3)
      #expect(notes.first?.hasSuffix(": do_sample true, temperature 0.6") == true, "\(notes)")
      #expect(notes[1].hasSuffix("not computed: num_beams 4, suppress_tokens [5]"), "\(notes)")
      #expect(notes[2].hasSuffix("not known: temprature (like temperature)"), "\(notes)")
    }
  }

  @Test(arguments: [
    (#"{"eos_token_id":"260"}"#, "'eos_token_id' is \"260\"; a token's number"),
    (#"{"eos_token_id":[2,[1]]}"#, "or a list of such, is needed"), ("[]", "an object is needed"),
  ])
  func generationConfigsThatCannotBeAreRefused(text: String, message: String) throws {
    try withFolder { folder in
      try put(Array(text.utf8), folder + "/generation_config.json")
      let error = try #require(throws: FormatError.self) { try GenerationConfig(folder: folder) }
      #expect(error.place.hasSuffix("generation_config.json"))
      #expect(error.message.contains(message), "\(error)")
    }
  }

  @Test func anUnknownModelSaysWhereItLooked() throws {
    let error = try #require(throws: FormatError.self) {
      try ModelFolder.resolve("no-such-org/no-such-model")
    }
    #expect(error.kind == .missing)
    #expect(error.message.contains("models--no-such-org--no-such-model"))
  }
}
