import Formats
import JSON
import Testing

/// The rotary rule of config.json: where it stands, what it must hold.
@Suite struct RopeConfigTests {
  func config(_ changes: [String: JSONValue]) throws -> ModelConfig {
    try ModelConfig(json: ModelConfigTests.old(changes), path: "config.json")
  }

  /// transformers 5.23: rope_scaling in place of rope_parameters, with a base of its own.
  @Test func ropeScalingStandsInPlaceOfRopeParameters() throws {
    let parameters: JSONValue = ["rope_type": "default", "rope_theta": 1e6]
    let both = try config([
      "rope_theta": nil, "rope_parameters": parameters,
      "rope_scaling": ["type": "linear", "factor": 4],
    ])
    #expect(both.ropeScaling == .linear(factor: 4) && both.ropeTheta == 10_000)
    #expect(both.notes.count == 1 && both.notes[0].contains("rope_theta 1000000.0 is not used"))
    for empty in [JSONValue.null, [:]] {
      let one = try config(["rope_parameters": parameters, "rope_scaling": empty])
      #expect(one.ropeScaling == .none && one.ropeTheta == 1e6 && one.notes.isEmpty)
    }
    let own = try config(["rope_scaling": ["type": "linear", "factor": 4, "rope_theta": 7e5]])
    #expect(own.ropeTheta == 7e5)
    let beside = try config(["rope_scaling": ["type": "linear", "factor": 4]])
    #expect(beside.ropeTheta == 50_000)
    let named = try config([
      "rope_scaling": ["type": "yarn", "rope_type": "linear", "factor": 2]
    ])
    #expect(named.ropeScaling == .linear(factor: 2))
  }

  @Test func theOriginalLengthIsFoundWhereverItStands() throws {
    func length(_ changes: [String: JSONValue]) throws -> Int? {
      guard case .yarn(let rule) = try config(changes).ropeScaling else { return nil }
      return rule.originalLength
    }
    let rule: JSONValue = ["type": "yarn", "factor": 4]
    let full = rule.setting("original_max_position_embeddings", 64)
    #expect(try length(["rope_scaling": full]) == 64)
    #expect(
      try length(["rope_scaling": full, "original_max_position_embeddings": 32]) == 32)
    #expect(try length(["rope_scaling": rule, "max_position_embeddings": 512]) == 512)
    #expect(try length(["rope_scaling": rule]) == 2048)
  }

  @Test func contextsGrowWithTheRule() throws {
    func length(_ rule: JSONValue) throws -> Int {
      try config(["max_position_embeddings": 100, "rope_scaling": rule]).contextLength
    }
    #expect(try length(.null) == 100)
    #expect(try length(["type": "linear", "factor": 4]) == 400)
    #expect(try length(["type": "dynamic", "factor": 2]) == 200)
    #expect(
      try length(["type": "yarn", "factor": 4, "original_max_position_embeddings": 20]) == 100)
    #expect(
      try length(["type": "yarn", "factor": 4, "original_max_position_embeddings": 100]) == 400)
  }

  @Test func whatARuleDoesNotReadIsSaid() throws {
    let notes = try config([
      "rope_scaling": ["type": "linear", "factor": 2, "beta_fast": 3, "facter": 3]
    ]).notes
    #expect(
      notes == ["not read for the rope type 'linear': rope_scaling.beta_fast, rope_scaling.facter"])
  }

  @Test(
    arguments: [
      (["rope_type": "linear"], "'rope_scaling' of type 'linear' lacks 'factor'"),
      (["type": "dynamic", "factor": nil], "lacks 'factor'"),
      (["type": "linear", "factor": "4.0"], "rope_scaling.factor is \"4.0\""),
      (["type": "linear", "factor": 0], "rope_scaling.factor is 0"),
      (["type": "yarn"], "lacks 'factor'"),
      (["type": "yarn", "factor": 2, "beta_fast": "x"], "rope_scaling.beta_fast is \"x\""),
      (["type": "yarn", "factor": 2, "truncate": 1], "rope_scaling.truncate is 1"),
      (
        ["type": "yarn", "factor": 2, "original_max_position_embeddings": 2.5],
        "rope_scaling.original_max_position_embeddings is 2.5"
      ),
      (["type": "llama3", "factor": 8, "low_freq_factor": 1], "lacks 'high_freq_factor'"),
      (["type": "longrope", "long_factor": [1, 1, 1, 1]], "lacks 'short_factor'"),
      (
        ["type": "longrope", "long_factor": [1, 1, 1, 1], "short_factor": [1, 2, 3]],
        "rope_scaling.short_factor has 3 entries"
      ),
      (
        ["type": "longrope", "long_factor": [1, 1, 1, 1], "short_factor": [1, 2, "3", 4]],
        "a head's 4 pairs"
      ),
      (["type": "su"], "rope_scaling.rope_type is 'su'; supported are default, linear"),
      (["type": 3], "rope_scaling.type is 3"),
      (["type": "mrope", "mrope_section": [1, 1, 2]], "rope_scaling.mrope_section changes"),
      (["full_attention": ["rope_type": "default"]], "rope_scaling.full_attention is a rule for"),
      (["type": "linear", "factor": 2, "partial_rotary_factor": 0.5], "partial_rotary_factor is"),
      (["type": "linear", "factor": 2, "rope_theta": "big"], "rope_scaling.rope_theta is \"big\""),
      ("linear", "'rope_scaling' is \"linear\"; an object is needed"),
    ] as [(JSONValue, String)])
  func refuses(_ rule: JSONValue, _ message: String) throws {
    let error = try #require(throws: FormatError.self) { try config(["rope_scaling": rule]) }
    #expect(error.place == "config.json" && error.message.contains(message), "\(error)")
  }
}
