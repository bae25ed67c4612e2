import Adapters
import Formats
import Foundation
import JSON
import Testing

@Suite struct AdapterConfigTests {
  static let style = JSONValue.Style(indent: 2, sortsKeys: true, isSpaced: true)

  /// Reads the golden with changes laid over it.
  static func read(_ changes: [String: JSONValue]) throws -> AdapterConfig {
    var members = try JSONValue(readingFile: Goldens.formats + "/adapter_config.json").object ?? [:]
    for (key, value) in changes { members[key] = value }
    return try Goldens.withFolder { folder in
      try Goldens.put(JSONValue.object(members).text(), folder + "/adapter_config.json")
      return try AdapterConfig(folder: folder)
    }
  }

  @Test func writesWhatPEFTWrites() throws {
    let config = AdapterConfig(
      LoRAConfig(r: 4, alpha: 8, dropout: 0.05, targets: AdapterTargets(["v_proj", "q_proj"])),
      baseModel: "org/base")
    let golden = try String(
      contentsOfFile: Goldens.formats + "/adapter_config.json", encoding: .utf8)
    #expect(config.json.text(Self.style) == golden)
  }

  @Test func readsWhatPEFTWrites() throws {
    let config = try AdapterConfig(folder: Goldens.formats)
    let lora = try #require(config.lora)
    #expect((lora.r, lora.alpha, lora.dropout) == (4, 8, 0.05))
    #expect(config.targets.names == ["q_proj", "v_proj"] && config.baseModel == "org/base")
    #expect(lora.scale(of: "model.layers.0.self_attn.q_proj") == 2)
    for word in ["all-linear", "ALL-LINEAR"] as [JSONValue] {
      let all = try Self.read(["target_modules": word])
      #expect(all.targets.isAllLinear && all.json["target_modules"] == "all-linear")
    }
  }

  @Test func patternsGoByPathEnding() throws {
    let config = try Self.read([
      "rank_pattern": ["layers.0.self_attn.q_proj": 16], "alpha_pattern": ["v_proj": 32],
    ])
    let lora = try #require(config.lora)
    #expect(lora.rank(of: "model.layers.0.self_attn.q_proj") == 16)
    #expect(lora.rank(of: "model.layers.10.self_attn.q_proj") == 4)
    #expect(lora.scale(of: "model.layers.0.self_attn.q_proj") == 0.5)
    #expect(lora.scale(of: "model.layers.1.self_attn.v_proj") == 8)
    #expect(config.json["rank_pattern"] == ["layers.0.self_attn.q_proj": 16])
  }

  @Test func rankStabilizedScale() throws {
    #expect(try Self.read(["use_rslora": true]).lora?.scale(of: "q_proj") == 4)
  }

  @Test(
    arguments: [
      ("peft_type", "LOHA", "LORA, ADALORA, IA3, PREFIX_TUNING"), ("r", 0, "positive rank"),
      ("r", nil, "positive rank"),
      ("r", "16", "positive rank"), ("lora_alpha", "8", "such a number"),
      ("lora_dropout", 1, "such a number"), ("use_rslora", 1, "true or false"),
      ("bias", "some", "none, all or lora_only"), ("use_dora", 1, "true or false"),
      ("modules_to_save", "lm_head", "a list of names"),
      ("modules_to_save", ["(a"], "cannot be read"), ("target_modules", nil, "regular expression"),
      ("target_modules", [], "regular expression"),
      ("target_modules", ["q", 3], "a list of names"),
      ("target_modules", #"(q)\1"#, "a back reference at character 4"),
      ("exclude_modules", "(?>a)", "a group '(?>' at character 2"),
      ("exclude_modules", [1], "a list of names"),
      ("rank_pattern", ["q_proj": "8"], "'q_proj' needs a whole number above 0"),
      ("rank_pattern", ["q_proj": 0], "'q_proj' needs a whole number above 0"),
      ("rank_pattern", ["a*+": 8], "the key 'a*+' has a possessive quantifier at character 3"),
      ("alpha_pattern", ["q_proj": nil], "'q_proj' needs a number"),
      ("alpha_pattern", [8], "an object is needed"), ("init_lora_weights", "pissa", "base weights"),
      ("init_lora_weights", "pissa_niter_16", "base weights"),
      ("init_lora_weights", "OLoRA", "base weights"),
      ("layers_pattern", "layers", "layers_to_transform"),
      ("layers_to_transform", ["0"], "numbers of layers"),
      ("trainable_token_indices", [3, 3], "a list of tokens"),
      ("trainable_token_indices", ["embed_tokens": [-1]], "a list of tokens"),
      ("target_parameters", ["experts.up"], "experts"), ("layer_replication", [[0, 2]], "repeats"),
      ("alora_invocation_tokens", [1, 2], "begins to act"),
      ("megatron_config", ["a": 1], "Megatron"),
      ("kasa_config", ["a": 1], "KaSA"), ("task_type", "TOKEN_CLS", "such a head"),
      ("a_key_of_tomorrow", 3, "no setting of this name"),
      ("lora_alhpa", 3, "did you mean 'lora_alpha'?"),
    ] as [(String, JSONValue, String)])
  func refusesWhatChangesTheNumbers(_ key: String, _ value: JSONValue, _ why: String) throws {
    let error = try #require(throws: FormatError.self) { try Self.read([key: value]) }
    #expect(error.kind == .unsupported)
    #expect(error.message.hasPrefix(key) && error.message.contains(why), "\(error)")
  }

  @Test(
    arguments: [
      ("fan_in_fan_out", true), ("init_lora_weights", "eva"), ("init_lora_weights", "Gaussian"),
      ("eva_config", ["rho": 2]), ("loftq_config", ["loftq_bits": 4]), ("revision", "main"),
      ("auto_mapping", ["base_model_class": "A"]), ("inference_mode", false),
      ("task_type", nil), ("task_type", "FEATURE_EXTRACTION"), ("qalora_group_size", 8),
    ] as [(String, JSONValue)])
  func readsWhatChangesNoNumber(_ key: String, _ value: JSONValue) throws {
    #expect(try Self.read([key: value]) == AdapterConfig(folder: Goldens.formats))
  }

  /// PEFT adds the names that heads of classifiers have to modules_to_save, each time that it writes.
  @Test(arguments: [["score"], ["score", "classifier", "score"], nil] as [JSONValue])
  func readsTheHeadOfAScore(_ saved: JSONValue) throws {
    let config = try Self.read(["task_type": "SEQ_CLS", "modules_to_save": saved])
    #expect(config.task == .score && config.savedModules == ["score"])
    #expect(config.json["task_type"] == "SEQ_CLS")
    #expect(config.json["modules_to_save"] == ["score"])
    #expect(try AdapterConfig(folder: Goldens.formats).scoring == config)
    let all = AdapterTargets(.allLinear)
    #expect(!all.contains("score") && !all.contains("lm_head") && all.contains("a.q_proj"))
  }

  @Test func textAndLayersExcludeEachOther() throws {
    let error = try #require(throws: FormatError.self) {
      try Self.read(["target_modules": ".*q_proj", "layers_to_transform": [0]])
    }
    #expect(error.message.contains("cannot stand beside a text"))
  }

  /// The first key in the file's order decides, also after the file was written again.
  @Test(arguments: [
    (["v_proj", "layers.1.self_attn.v_proj"], [3, 3]),
    (["layers.1.self_attn.v_proj", "v_proj"], [3, 2]),
  ]) func theFirstKeyDecides(keys: [String], expected: [Int]) throws {
    let values = ["v_proj": 3, "layers.1.self_attn.v_proj": 2]
    var pattern = JSONValue.emptyObject
    for key in keys { pattern = pattern.setting(key, .int(values[key] ?? 0)) }
    let config = try Self.read(["rank_pattern": pattern])
    func ranks(_ config: AdapterConfig) -> [Int?] {
      [0, 1].map { config.lora?.rank(of: "model.layers.\($0).self_attn.v_proj") }
    }
    #expect(ranks(config) == expected)
    try Goldens.withFolder { folder in
      try config.write(folder: folder)
      #expect(try AdapterConfig(folder: folder) == config)
    }
  }

  @Test func layersAndExclusionsAreWrittenAgain() throws {
    let changes: [String: JSONValue] = [
      "exclude_modules": #".*\.0\..*"#, "layers_to_transform": 1, "layers_pattern": "layers",
      "modules_to_save": ["lm_head"],
    ]
    let config = try Self.read(changes)
    #expect(config.targets.layers == LayerChoice([1], lists: ["layers"]))
    #expect(
      config.json["layers_to_transform"] == [1] && config.json["layers_pattern"] == ["layers"])
    #expect(config.json["exclude_modules"] == #".*\.0\..*"#)
    #expect(config.savedModules == ["lm_head"] && config.json["modules_to_save"] == ["lm_head"])
    try Goldens.withFolder { folder in
      try config.write(folder: folder)
      #expect(try AdapterConfig(folder: folder) == config)
    }
  }

  @Test func ignoresUnknownKeysThatSayNothing() throws {
    let config = try Self.read(["new_a": nil, "new_b": false, "new_c": [:], "new_d": []])
    #expect(config == (try AdapterConfig(folder: Goldens.formats)))
  }
}
