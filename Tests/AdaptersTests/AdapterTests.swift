import Adapters
import Formats
import JSON
import Layers
import Models
import Tensors
import Testing

@Suite struct AdapterTests {
  func config(_ targets: [String]) -> AdapterConfig {
    AdapterConfig(
      LoRAConfig(r: 2, alpha: 4, targets: AdapterTargets(targets)),
      baseModel: nil)
  }

  func model() throws -> CausalLanguageModel {
    try CausalLanguageModel(folder: Goldens.models + "/qwen2")
  }

  @Test func aFreshAdapterChangesNothing() throws {
    let model = try model(), segments = Segments(lengths: [3])
    let before = model.logits(model.hidden([1, 2, 3], segments)).values
    _ = try AdapterSet.fresh(config(["all-linear"]), on: model.seats, seed: 1)
    #expect(Recording.off { model.logits(model.hidden([1, 2, 3], segments)).values } == before)
  }

  @Test func allLinearLeavesTheHeadOut() throws {
    let model = try model()
    let set = try AdapterSet.fresh(config(["all-linear"]), on: model.seats, seed: 1)
    #expect(set.parameters.count == 2 * 7 * 2)
    #expect(!set.parameters.contains { $0.name.contains("lm_head") })
  }

  @Test(arguments: [("q_prj", "matches no projection"), ("score", "matches no projection")])
  func targetsThatCannotBe(target: String, message: String) throws {
    let model = try model()
    let error = #expect(throws: FormatError.self) {
      try AdapterSet.fresh(config(["v_proj", target]), on: model.seats, seed: 1)
    }
    #expect(error?.message.contains(message) == true)
  }

  @Test func anotherModelsAdapterIsRefused() throws {
    let model = try model()
    #expect(throws: FormatError.self) {
      try AdapterSet.load(folder: Goldens.models + "/llama/adapter", on: model.seats)
    }
  }
}
