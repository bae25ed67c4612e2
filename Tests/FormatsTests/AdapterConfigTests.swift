import Formats
import JSON
import Testing

@Suite struct AdapterConfigTests {
  static let style = JSONValue.Style(indent: 2, sortsKeys: true, isSpaced: true)

  /// Reads the golden with changes laid over it.
  static func read(_ changes: [String: JSONValue]) throws -> AdapterConfig {
    var members = try JSONValue(readingFile: goldens + "/adapter_config.json").object ?? [:]
    for (key, value) in changes { members[key] = value }
    var config: AdapterConfig?
    try withFolder { folder in
      let text = JSONValue.object(members).text()
      try put(Array(text.utf8), folder + "/adapter_config.json")
      config = try AdapterConfig(folder: folder)
    }
    return try #require(config)
  }

  @Test func writesWhatPEFTWrites() throws {
    let config = AdapterConfig(
      r: 4, alpha: 8, dropout: 0.05, targetModules: ["v_proj", "q_proj"], usesRSLoRA: false,
      baseModel: "org/base")
    let golden = String(decoding: try bytes(goldens + "/adapter_config.json"), as: UTF8.self)
    #expect(config.json.text(Self.style) == golden)
  }

  @Test func readsWhatPEFTWrites() throws {
    let config = try AdapterConfig(folder: goldens)
    #expect((config.r, config.alpha, config.dropout) == (4, 8, 0.05))
    #expect(config.targetModules == ["q_proj", "v_proj"] && config.baseModel == "org/base")
    #expect(config.scale(of: "model.layers.0.self_attn.q_proj") == 2)
    let all = try Self.read(["target_modules": "all-linear"])
    #expect(all.targetModules == ["all-linear"] && all.json["target_modules"] == "all-linear")
  }

  @Test func patternsGoByPathEnding() throws {
    let config = try Self.read([
      "rank_pattern": ["layers.0.self_attn.q_proj": 16], "alpha_pattern": ["v_proj": 32],
    ])
    #expect(config.rank(of: "model.layers.0.self_attn.q_proj") == 16)
    #expect(config.rank(of: "model.layers.10.self_attn.q_proj") == 4)
    #expect(config.scale(of: "model.layers.0.self_attn.q_proj") == 0.5)
    #expect(config.scale(of: "model.layers.1.self_attn.v_proj") == 8)
    #expect(config.json["rank_pattern"] == ["layers.0.self_attn.q_proj": 16])
  }

  @Test func rankStabilizedScale() throws {
    #expect(try Self.read(["use_rslora": true]).scale(of: "q_proj") == 4)
  }

  @Test(
    arguments: [
      ("peft_type", "ADALORA"), ("r", 0), ("r", nil), ("bias", "all"), ("use_dora", true),
      ("modules_to_save", ["lm_head"]), ("target_modules", ".*proj"),
      ("rank_pattern", ["^layers": 8]), ("init_lora_weights", "pissa"),
      ("layers_to_transform", [0, 1]), ("a_key_of_tomorrow", 3), ("fan_in_fan_out", true),
    ] as [(String, JSONValue)])
  func refusesWhatChangesTheNumbers(_ key: String, _ value: JSONValue) throws {
    let error = try #require(throws: FormatError.self) { try Self.read([key: value]) }
    #expect(error.kind == .unsupported)
    #expect(error.message.contains(key), "\(error)")
  }

  @Test func ignoresUnknownKeysThatSayNothing() throws {
    let config = try Self.read(["new_a": nil, "new_b": false, "new_c": [:], "new_d": []])
    #expect(config == (try AdapterConfig(folder: goldens)))
  }
}
