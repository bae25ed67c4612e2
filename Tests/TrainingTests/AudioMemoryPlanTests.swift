import Adapters
import Formats
import Layers
import Models
import Tensors
import Testing

@testable import Training

/// What the memory plan makes of clips, on the tiny Qwen2-Audio.
@Suite struct AudioMemoryPlanTests {
  func plan(
    rank: Int?, targets: Set<String>? = nil, seconds: Int, clips: Int = 1,
    checkpointing: Bool = false
  ) throws -> MemoryPlan {
    let model = try CausalLanguageModel(
      folder: GoldenRunTests.goldens + "/qwen2_audio/model")
    return MemoryPlan(
      TrainingSetup(
        model, quantization: nil,
        adapters: rank.map {
          AdapterConfig(
            LoRAConfig(
              r: $0, alpha: 1,
              targets: AdapterTargets(targets.map { .names($0.sorted()) } ?? .allLinear)),
            baseModel: nil)
        }),
      batch: .init(
        tokens: 1000, longest: 1000, scored: 10,
        sound: .init(
          frames: 100 * seconds * clips, longest: 100 * seconds, all: 100 * seconds * clips)),
      usesCheckpointing: checkpointing, program: 0)
  }

  @Test func aFrozenEncoderKeepsNothing() throws {
    let silent = try plan(rank: 4, seconds: 0), heard = try plan(rank: 4, seconds: 30)
    #expect(heard.activations == silent.activations)
    #expect(heard.buffers > silent.buffers && heard.program > silent.program)
    // It hears one clip after the other, and keeps what it made of each.
    let many = try plan(rank: 4, seconds: 30, clips: 8)
    #expect(many.buffers == heard.buffers && many.program > heard.program)
  }

  @Test(arguments: [nil, ["audio_tower.fc1"], ["multi_modal_projector.linear"]] as [Set<String>?])
  func aTrainedOneKeepsItsLayers(targets: Set<String>?) throws {
    let rank = targets == nil ? nil : 4
    let short = try plan(rank: rank, targets: targets, seconds: 10)
    let long = try plan(rank: rank, targets: targets, seconds: 30)
    let again = try plan(rank: rank, targets: targets, seconds: 30, checkpointing: true)
    #expect(long.activations > short.activations && again.activations < long.activations)
    #expect(long.program == short.program)
  }

  @Test func weightsAndTrainedNumbersCountTheEncoder() throws {
    let model = try CausalLanguageModel(
      folder: GoldenRunTests.goldens + "/qwen2_audio/model")
    let full = try plan(rank: nil, seconds: 1)
    // Norms and biases of the encoder are few, and not counted.
    let leaves = model.unfreeze().filter {
      $0.tensor.rows > 1 || $0.name.hasPrefix("language_model")
    }
    #expect(full.adapter == 4 * leaves.reduce(0) { $0 + $1.tensor.count })
    let text =
      4 * (model.projections + [model.head]).reduce(0) { $0 + $1.weight.rows * $1.weight.columns }
    #expect(try plan(rank: 4, seconds: 1).weights > text)
    // What is trained lies in leaves; its file is left alone once it is read.
    #expect(full.weights == 0)
  }
}
