import Adapters
import Formats
import Layers
import Models
import Tensors
import TestSupport
import Testing

/// Virtual tokens before conversations that are heard.
@Suite struct VirtualAudioTests {
  private let folder = GoldenTests.goldens + "/virtual_tokens/qwen2_audio_prefix"

  @Test func aPrefixIsPEFTs() throws {
    let tests = try Qwen2AudioTests(),
      golden = try SafeTensorsFile(path: folder + "/golden.safetensors")
    let model = try CausalLanguageModel(folder: Qwen2AudioTests.folder + "/model")
    _ = try AdapterSet.load(folder: folder, on: model.seats)
    for index in 0..<2 {
      let packed = try tests.packed([index])
      let rows = try tests.integers("rows_\(index)", as: Int32.self).map(Int.init)
      let logits = Recording.off { model.logits(packed.hidden(model, rows: rows)) }
      let expected = try golden.floats("logits_\(index)")
      let largest = Double(expected.map(abs).max() ?? 0)
      expectClose(logits.values, expected, atol: 2e-5 * largest, rtol: 0)
    }
  }

  /// PEFT's prompts keep a model from hearing; here another clip changes what is said.
  @Test(arguments: [PromptTuning.Beginning.random, .vocabulary])
  func aPromptedModelHears(beginning: PromptTuning.Beginning) throws {
    let tests = try Qwen2AudioTests()
    let model = try CausalLanguageModel(folder: Qwen2AudioTests.folder + "/model")
    let set = try AdapterSet.fresh(
      AdapterConfig(
        PromptTuning(of: 4, beginning: beginning, shape: nil), baseModel: nil), on: model.seats,
      seed: 1)
    var packed = try tests.packed([0, 1])
    func logits() -> [[Float]] {
      let y = Recording.off { model.logits(packed.hidden(model, rows: nil)) }
      return (0..<y.rows).map(y.row)
    }
    let before = logits()
    #expect(before.count == packed.batch.ids.count)
    packed.clips[0] = try Qwen2AudioTests.clip(7, frames: packed.clips[0].frames)
    let after = logits(), end = packed.batch.lengths[0]
    let moved = zip(before[end - 1], after[end - 1]).map { abs($0 - $1) }.max() ?? 0
    #expect(moved > 0.01)
    // The other conversation hears its own clips still.
    #expect(Array(before[end...]) == Array(after[end...]))
    // What is learnt through a clip reaches the prompt.
    let gradients = packed.step(model).gradients
    let leaf = try #require(set.parameters.first?.tensor.slot)
    #expect(gradients[leaf]?.values.contains { abs($0) > 1e-5 } == true)
  }
}
