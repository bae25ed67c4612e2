import Formats
import JSON
import Testing

@Suite struct Qwen2AudioConfigTests {
  /// config.json as published: what equals the classes' defaults is left out.
  static let published: JSONValue = [
    "architectures": ["Qwen2AudioForConditionalGeneration"], "model_type": "qwen2_audio",
    "audio_token_index": 151646, "ignore_index": -100, "torch_dtype": "bfloat16",
    "vocab_size": 156032,
    "audio_config": [
      "model_type": "qwen2_audio_encoder", "d_model": 1280, "encoder_layers": 32,
      "num_hidden_layers": 32, "activation_function": "gelu", "init_std": 0.02,
    ],
    "text_config": [
      "model_type": "qwen2", "bos_token_id": 151643, "eos_token_id": 151645,
      "intermediate_size": 11008, "max_position_embeddings": 8192, "rms_norm_eps": 1e-5,
      "rope_theta": 10000, "torch_dtype": "bfloat16", "use_mrope": false, "vocab_size": 156032,
    ],
  ]

  /// The published configuration with `changes` to it, or to one of its objects.
  func config(_ changes: [String: JSONValue], in section: String? = nil) throws -> ModelConfig {
    var whole = Self.published
    if let section {
      var part = whole[section] ?? .emptyObject
      for (key, value) in changes { part = part.setting(key, value) }
      whole = whole.setting(section, part)
    } else {
      for (key, value) in changes { whole = whole.setting(key, value) }
    }
    return try ModelConfig(json: whole, path: "config.json")
  }

  @Test func readsThePublishedFile() throws {
    let config = try config([:])
    #expect(config.architecture == .qwen2Audio && config.dtype == "bfloat16")
    #expect((config.hiddenSize, config.intermediateSize, config.layers) == (4096, 11008, 32))
    #expect((config.attentionHeads, config.keyValueHeads, config.headDimension) == (32, 32, 128))
    #expect((config.vocabularySize, config.maximumPositions) == (156032, 8192))
    #expect((config.rmsNormEps, config.ropeTheta) == (1e-5, 10000))
    #expect(config.endTokens == [151645])
    #expect(!config.tiesWordEmbeddings && config.audioToken == 151646)
    #expect(config.audio == AudioConfig())
    #expect(config.json["text_config"] == Self.published["text_config"])
  }

  @Test func readsTransformersFiveFromItsOwnFile() throws {
    let folder = root + "/Tests/Goldens/qwen2_audio/model"
    let config = try ModelConfig(folder: folder)
    #expect((config.hiddenSize, config.keyValueHeads, config.audioToken) == (32, 2, 118))
    #expect(config.ropeTheta == 10000 && config.rmsNormEps == 1e-5)
    #expect((config.audio?.width, config.audio?.layers, config.audio?.melBins) == (32, 2, 16))
  }

  @Test func whatIsLeftOutIsTheClassesDefault() throws {
    let config = try config(["text_config": nil, "audio_config": nil])
    #expect((config.hiddenSize, config.intermediateSize, config.layers) == (4096, 22016, 32))
    #expect((config.vocabularySize, config.rmsNormEps) == (151936, 1e-6))
    #expect(config.audio == AudioConfig())
    let heads = try self.config(["num_key_value_heads": nil], in: "text_config")
    #expect(heads.keyValueHeads == 32)
  }

  @Test func theTokensOtherName() throws {
    var members = Self.published.object ?? [:]
    members["audio_token_index"] = nil
    members["audio_token_id"] = 7
    #expect(try ModelConfig(json: .object(members), path: "c").audioToken == 7)
  }

  @Test func modelsOfTextHaveNoEncoder() throws {
    let config = try ModelConfig(json: ModelConfigTests.old(), path: "config.json")
    #expect(config.audio == nil && config.audioToken == nil)
  }

  @Test(
    arguments: [
      ("text_config", "hidden_size", 0, "'text_config.hidden_size' is 0"),
      ("text_config", "model_type", "qwen3", "text_config.model_type is 'qwen3'"),
      ("text_config", "hidden_act", "gelu", "hidden_act is 'gelu'"),
      ("audio_config", "encoder_layers", "two", "'audio_config.encoder_layers' is"),
      ("audio_config", "encoder_attention_heads", 7, "d_model 1280 cannot be cut into 7 heads"),
      ("audio_config", "activation_function", "relu", "activation_function is 'relu'"),
      ("audio_config", "model_type", "whisper", "audio_config.model_type is 'whisper'"),
      (nil, "audio_token_index", 156032, "'audio_token_index' is 156032, but the vocabulary has"),
      (nil, "text_config", [], "'text_config' is []; an object is needed"),
    ] as [(String?, String, JSONValue, String)])
  func refusals(section: String?, key: String, value: JSONValue, message: String) throws {
    let error = try #require(throws: FormatError.self) { try config([key: value], in: section) }
    #expect(error.message.contains(message), "\(error)")
  }
}

@Suite struct AdapterTargetsTests {
  static let text = "language_model.model.layers.1.self_attn.q_proj"
  static let audio = "audio_tower.layers.1.self_attn.q_proj"
  static let projector = "multi_modal_projector.linear"
  static let paths = [audio, projector, text, "language_model.lm_head"]

  func matched(_ names: [String], isByPart: Bool) -> [String] {
    let targets =
      names == ["all-linear"]
      ? AdapterTargets(.allLinear) : AdapterTargets(names, isByPart: isByPart)
    return Self.paths.filter(targets.contains)
  }

  @Test func namesMeanTheLanguageModelUnlessTheySayAnother() {
    #expect(matched(["q_proj"], isByPart: true) == [Self.text])
    #expect(matched(["q_proj"], isByPart: false) == [Self.audio, Self.text])
    #expect(matched(["audio_tower.q_proj"], isByPart: true) == [Self.audio])
    for name in [Self.audio, Self.text, Self.projector] {
      #expect(matched([name], isByPart: true) == [name])
      #expect(matched([ModulePath.inMemory(name)], isByPart: true) == [name])
      #expect(matched([ModulePath.inMemory(name)], isByPart: false) == [name])
    }
    #expect(matched(["all-linear"], isByPart: false) == Array(Self.paths.dropLast()))
    let all = AdapterTargets(.allLinear).named(among: Self.paths)
    #expect(all.names == ["q_proj"] && all.isByPart)
  }

  @Test func pathsHaveTwoSpellings() {
    for path in Self.paths {
      #expect(ModulePath.inFiles(ModulePath.inMemory(path)) == path)
    }
    #expect(ModulePath.inMemory(Self.text) == "model.language_model.layers.1.self_attn.q_proj")
    #expect(ModulePath.inMemory("model.layers.0.mlp.up_proj") == "model.layers.0.mlp.up_proj")
  }
}
