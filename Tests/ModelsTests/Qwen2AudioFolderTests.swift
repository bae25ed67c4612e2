import Adapters
import Formats
import Foundation
import JSON
import Layers
import Models
import Tensors
import Testing

/// How a Qwen2-Audio's files may look: names of two generations, quantized, new adapters.
@Suite struct Qwen2AudioFolderTests {
  let goldens: Qwen2AudioTests
  static let source = Qwen2AudioTests.folder + "/model"

  init() throws { goldens = try Qwen2AudioTests() }

  func withScratch(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try body(folder.path)
  }

  /// `file` again, its tensors under the names that `rename` makes of theirs.
  func copy(_ file: String, to path: String, _ rename: (String) -> String?) throws {
    let file = try SafeTensorsFile(path: file)
    let sources = try file.entries.values.compactMap { entry in
      try rename(entry.name).map {
        TensorSource(name: $0, shape: entry.shape, values: try file.floats(entry.name))
      }
    }
    try SafeTensorsWriter.write(sources, to: path)
  }

  func logits(_ model: CausalLanguageModel) throws -> [Float] {
    let packed = try goldens.packed([1])
    return Recording.off { model.logits(packed.hidden(model, rows: nil)).values }
  }

  @Test func namesAsTransformersFiveHasThemInMemory() throws {
    let published = try CausalLanguageModel(folder: Self.source), expected = try logits(published)
    try withScratch { folder in
      try FileManager.default.copyItem(
        atPath: Self.source + "/config.json", toPath: folder + "/config.json")
      try copy(
        Self.source + "/model.safetensors", to: folder + "/model.safetensors",
        ModulePath.inMemory)
      let model = try CausalLanguageModel(folder: folder)
      #expect(try logits(model) == expected)
      let names = Set((model.unfreeze() + model.constants).map(\.name))
      #expect(names == Set(try SafeTensorsFolder(path: folder).names))
      #expect(names.contains("model.language_model.norm.weight"))
    }
  }

  @Test(arguments: [
    ("audio_tower.conv1.weight", "audio_tower.conv1.weight"),
    ("language_model.lm_head.weight", "language_model.lm_head.weight"),
    ("multi_modal_projector.linear.bias", "multi_modal_projector.linear.bias"),
  ]) func whatIsMissingIsNamed(dropped: String, named: String) throws {
    try withScratch { folder in
      try FileManager.default.copyItem(
        atPath: Self.source + "/config.json", toPath: folder + "/config.json")
      try copy(Self.source + "/model.safetensors", to: folder + "/model.safetensors") {
        $0 == dropped ? nil : $0
      }
      let error = try #require(throws: FormatError.self) {
        try CausalLanguageModel(folder: folder)
      }
      #expect(error.description.contains(named), "\(error)")
    }
  }

  @Test func initializedFromScratch() throws {
    let config = try ModelConfig(folder: Self.source)
    let model = try CausalLanguageModel(config: config, weights: .random(seed: 1, deviation: 0.02))
    let names = Set((model.unfreeze() + model.constants).map(\.name))
    #expect(names == Set(try SafeTensorsFolder(path: Self.source).names))
    #expect(try logits(model).allSatisfy(\.isFinite))
  }

  @Test func quantizedOnLoadAsBitsAndBytesStoresIt() throws {
    var steps: [Int] = []
    let model = try CausalLanguageModel(folder: Self.source, quantization: .nf4(double: true)) {
      #expect($1 == 2 * 7 + 2 * 6 + 1)
      steps.append($0)
    }
    #expect(steps == Array(1...27))
    for linear in model.linears.dropLast() {
      guard case .nf4 = linear.weight else { return #expect(Bool(false), "\(linear.path)") }
    }
    guard case .dense = model.head.weight else { return #expect(Bool(false), "head") }
    let stored = try CausalLanguageModel(folder: Qwen2AudioTests.folder + "/nf4")
    #expect(try logits(model) == logits(stored))
    #expect(try logits(model) != logits(CausalLanguageModel(folder: Self.source)))
    let int8 = try CausalLanguageModel(folder: Self.source, quantization: .int8)
    guard case .int8 = int8.audio?.projector.linear.weight else {
      return #expect(Bool(false), "projector")
    }
  }

  func config(_ targets: [String]) -> AdapterConfig {
    AdapterConfig(
      LoRAConfig(r: 2, alpha: 4, targets: AdapterTargets(targets)),
      baseModel: nil)
  }

  @Test(arguments: [
    (["q_proj", "v_proj"], [4, 0, 0]), (["all-linear"], [14, 0, 0]),
    (["audio_tower.fc1", "q_proj"], [2, 2, 0]), (["multi_modal_projector.linear"], [0, 0, 1]),
    (["audio_tower.layers.1.self_attn.out_proj"], [0, 1, 0]),
  ]) func newAdaptersSitOnTheLanguageModel(targets: [String], counts: [Int]) throws {
    let model = try goldens.model()
    let set = try AdapterSet.fresh(config(targets), on: model.seats, seed: 1)
    #expect(set.counts(among: model.linears).map(\.adapted) == counts)
    #expect(set.counts(among: model.linears).map(\.of) == [14, 12, 1])
    #expect(
      set.summary(of: model.linears)
        == "LoRA on \(counts[0]) of 14 projections of the language model, \(counts[1]) of 12 of the "
        + "audio encoder, \(counts[2]) of 1 of the projector")
    #expect(set.parameters.allSatisfy { $0.name.hasPrefix("base_model.model.model.") })
    try withScratch { folder in
      try set.config.write(folder: folder)
      #expect(try AdapterConfig(folder: folder).targets == set.config.targets)
    }
  }

  @Test(arguments: [
    ("fc1", "for the audio encoder write 'audio_tower.fc1'"),
    ("linear", "for the projector write 'multi_modal_projector.linear'"),
    ("audio_tower.o_proj", "matches no projection of this model"),
  ]) func targetsThatCannotBe(target: String, message: String) throws {
    let model = try goldens.model()
    let error = try #require(throws: FormatError.self) {
      try AdapterSet.fresh(config([target]), on: model.seats, seed: 1)
    }
    #expect(error.message.contains(message), "\(error)")
  }

  /// transformers 4 named adapters by other paths than 5 does.
  @Test func olderNamesOfAdaptersAreRead() throws {
    let source = Qwen2AudioTests.folder + "/adapter"
    func adapted(_ folder: String) throws -> [Float] {
      let model = try goldens.model()
      _ = try AdapterSet.load(folder: folder, on: model.seats)
      return try logits(model)
    }
    try withScratch { folder in
      try FileManager.default.copyItem(
        atPath: source + "/adapter_config.json", toPath: folder + "/adapter_config.json")
      try copy(
        source + "/adapter_model.safetensors", to: folder + "/adapter_model.safetensors"
      ) {
        let prefix = "base_model.model."
        return prefix + ModulePath.inFiles(String($0.dropFirst(prefix.count)))
      }
      let names = try SafeTensorsFile(path: folder + "/adapter_model.safetensors").entries.keys
      #expect(names.allSatisfy { $0.hasPrefix("base_model.model.language_model.model.layers.") })
      #expect(try adapted(folder) == adapted(source))
    }
  }
}
