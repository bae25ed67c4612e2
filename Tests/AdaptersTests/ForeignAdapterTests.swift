import Adapters
import Formats
import Foundation
import JSON
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// Adapters as others save them, against peft: `Tests/Goldens/adapters`.
@Suite struct ForeignAdapterTests {
  static let folder = Goldens.root + "/adapters"
  static let bases: [(name: String, base: String)] = {
    let golden = try? JSONValue(readingFile: folder + "/golden.json")
    return (golden?["bases"]?.object ?? [:]).map { ($0.key, $0.value.string ?? "") }
  }()

  func load(_ name: String, base: String) throws -> (CausalLanguageModel, AdapterSet) {
    let model = try CausalLanguageModel(folder: Goldens.models + "/" + base)
    let seats = model.seats
    return (model, try AdapterSet.load(folder: Self.folder + "/" + name, on: seats))
  }

  func logits(_ model: CausalLanguageModel) throws -> [Float] {
    let file = try SafeTensorsFile(path: Self.folder + "/logits.safetensors")
    let entry = try file.entry("ids")
    let ids = file.file.withBytes(entry.bytes) { bytes in
      (0..<entry.count).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self) }
    }
    return Recording.off {
      model.logits(model.hidden(ids, Segments(lengths: [ids.count]))).values
    }
  }

  @Test func everyAdapterIsThere() { #expect(Self.bases.count == 20) }

  @Test(arguments: bases) func logitsArePEFTs(name: String, base: String) throws {
    let (model, adapters) = try load(name, base: base)
    let file = try SafeTensorsFile(path: Self.folder + "/logits.safetensors")
    func expectPEFTs(_ what: String) throws {
      expectClose(try logits(model), try file.floats(name), atol: 1e-4, rtol: 1e-4, what)
    }
    try expectPEFTs("logits")
    let plain = try CausalLanguageModel(folder: Goldens.models + "/" + base)
    let expected = try logits(plain)
    #expect(try adapters.withoutAdapters { try logits(model) } == expected)
    try expectPEFTs("after the base was asked")
  }

  @Test(arguments: bases) func theConfigurationIsWrittenAgain(name: String, base: String) throws {
    let config = try AdapterConfig(folder: Self.folder + "/" + name)
    try withScratch { folder in
      try config.write(folder: folder)
      #expect(try AdapterConfig(folder: folder) == config)
    }
  }

  func withScratch(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try body(folder)
  }

  /// A copy of an adapter with other settings, or with tensors renamed.
  func faulty(
    _ name: String, _ settings: [String: JSONValue] = [:], renamed: (String) -> String = { $0 },
    _ body: (String) throws -> Void
  ) throws {
    let source = Self.folder + "/" + name
    try withScratch { folder in
      var config = try JSONValue(readingFile: source + "/adapter_config.json")
      for (key, value) in settings.sorted(by: { $0.key < $1.key }) {
        config = config.setting(key, value)
      }
      try Data(config.text().utf8).write(to: URL(filePath: folder + "/adapter_config.json"))
      let file = try SafeTensorsFile(path: source + "/adapter_model.safetensors")
      try SafeTensorsWriter.write(
        file.entries.values.map {
          TensorSource(
            name: renamed($0.name), shape: $0.shape, values: try file.floats($0.name))
        }, to: folder + "/adapter_model.safetensors")
      try body(folder)
    }
  }

  @Test(
    arguments: [
      // A projection that is targeted and has no tensors; tensors that nothing asks for.
      (["target_modules": ["q_proj", "v_proj", "k_proj"]], "lacks the tensor"),
      (["target_modules": ["q_proj"]], "the nearest name that is"),
      (["target_modules": ["w1"]], "of 'w1' nothing is left"),
      (["target_modules": "q_proj"], "matches no whole path"),
      (["exclude_modules": ["v_proj"]], "belongs to nothing in this model"),
      (["layers_to_transform": [0]], "belongs to nothing in this model"),
      (["modules_to_save": ["norm"]], "lacks the tensor"),
      (["modules_to_save": ["embed_tokens"]], "lacks the tensor"),
      (["target_modules": ["q_proj", "v_proj", "lm_head"]], "lacks the tensor"),
      (["trainable_token_indices": [3]], "lacks the tensor"),
      (["r": 8], "this model and rank need [8, 32]"),
    ] as [([String: JSONValue], String)])
  func whatDoesNotFitIsRefused(settings: [String: JSONValue], why: String) throws {
    try faulty("alpha_general_first", settings) { folder in
      let model = try CausalLanguageModel(folder: Goldens.models + "/llama")
      let seats = model.seats
      let error = try #require(throws: FormatError.self) {
        try AdapterSet.load(folder: folder, on: seats)
      }
      #expect(error.message.contains(why), "\(error)")
    }
  }

  @Test(arguments: [
    ("lora_A.weight", "lora_A.default.weight", "lacks the tensor"),
    ("layers.0.self_attn.q_proj.lora_B", "layers.0.self_attn.q_prj.lora_B", "the nearest name is"),
  ]) func everyTensorHasItsName(old: String, new: String, why: String) throws {
    try faulty(
      "alpha_general_first", renamed: { $0.replacingOccurrences(of: old, with: new) }
    ) { folder in
      let model = try CausalLanguageModel(folder: Goldens.models + "/llama")
      let error = try #require(throws: FormatError.self) {
        try AdapterSet.load(folder: folder, on: model.seats)
      }
      #expect(error.message.contains(why), "\(error)")
    }
  }

  /// PEFT saves the embedding's own weight beside an adapter on it.
  @Test func anAdapterOnTheEmbeddingHasItsTensors() throws {
    let new = "embed_tokens.base_layer.weight"
    try faulty(
      "alpha_general_first", ["target_modules": ["q_proj", "embed_tokens"]],
      renamed: {
        $0.replacingOccurrences(of: "layers.0.self_attn.v_proj.lora_A.weight", with: new)
      }
    ) { folder in
      let model = try CausalLanguageModel(folder: Goldens.models + "/llama")
      let error = try #require(throws: FormatError.self) {
        try AdapterSet.load(folder: folder, on: model.seats)
      }
      #expect(error.message.contains(new), "\(error)")
    }
  }

  @Test func aNewAdaptersSettingsHaveAnEffect() throws {
    let model = try CausalLanguageModel(folder: Goldens.models + "/llama")
    func expect(_ why: String, _ change: (inout LoRAConfig) throws -> Void) throws {
      var config = LoRAConfig(r: 2, alpha: 4, targets: AdapterTargets(["q_proj"]))
      try change(&config)
      let error = try #require(throws: FormatError.self) {
        try AdapterSet.fresh(AdapterConfig(config, baseModel: nil), on: model.seats, seed: 1)
      }
      #expect(error.message.contains(why), "\(error)")
    }
    try expect("'w1' matches no projection") { $0.targets?.excluded = .names(["w1"]) }
    try expect("there is no layer 7") { $0.targets?.layers = LayerChoice([0, 7]) }
    try expect("'k_proj' matches no projection that gets") {
      $0.rankPattern = try ModulePattern(["k_proj": 2])
    }
    try expect("did you mean 'q_proj'?") { $0.targets = AdapterTargets(["q_porj"]) }
    try expect("names stand in a list") {
      $0.targets = AdapterTargets(.pattern(try PathPattern("q_proj")))
    }
  }

  @Test func aNewAdapterSitsWhereItsSettingsSay() throws {
    let model = try CausalLanguageModel(folder: Goldens.models + "/llama")
    var config = LoRAConfig(r: 4, alpha: 4, targets: AdapterTargets(.allLinear))
    config.targets?.layers = LayerChoice([1])
    config.targets?.excluded = .pattern(try PathPattern(#".*\.mlp\..*"#))
    config.rankPattern = try ModulePattern(["(k|v)_proj": 2])
    let set = try AdapterSet.fresh(
      AdapterConfig(config, baseModel: nil), on: model.seats, seed: 1)
    #expect(
      set.paths == ["q", "k", "v", "o"].map { "model.layers.1.self_attn.\($0)_proj" })
    #expect(set.parameters.map(\.tensor.rows) == [4, 32, 2, 8, 2, 8, 4, 32])
    // PEFT takes layers beside names alone.
    #expect(set.config.json["target_modules"]?.array?.count == 7)
  }
}
