import Adapters
import CKernels
import Formats
import Generation
import JSON
import Models
import Tasks
import Tensors
import TestSupport
import Testing

/// A completion has the same bits whatever is decoded beside it.
@Suite(.serialized) struct RolloutIndependenceTests {
  enum Base: CaseIterable {
    case f32, nf4, int8, bf16

    var quantization: Quantization? {
      switch self {
      case .f32, .bf16: nil
      case .nf4: .nf4(double: true)
      case .int8: .int8
      }
    }

    /// Runs `body` with products of bf16 where that is meant; not on processors without them.
    func run(_ body: () throws -> Void) rethrows {
      if self == .bf16, !Engine.hasBF16 { return }
      k_force_bf16(self == .bf16 ? 1 : 0)
      defer { k_force_bf16(-1) }
      try body()
    }
  }

  func model(_ base: Base, _ name: String, adapted: Bool = false) throws -> CausalLanguageModel {
    let folder = goldens + "/models/" + name
    let model = try CausalLanguageModel(folder: folder, quantization: base.quantization)
    if adapted { _ = try AdapterSet.load(folder: folder + "/adapter", on: model.seats) }
    return model
  }

  func groups(
    _ model: CausalLanguageModel, _ prompts: [Prompt], count: Int = 5, slots: Int,
    new: Int = 20, penalty: Double = 1
  ) throws -> [[SampledCompletion]] {
    try RolloutSampler(
      model: model, vocabulary: 160, stopTokens: Set(3..<9), maximumNewTokens: new,
      sampler: Sampler(temperature: 1.3, topP: 0.95, repetitionPenalty: penalty, seed: 5),
      slots: slots)(
        prompts, count: count
      ).groups
  }

  /// Alone, one after the other in one place, in batches of 3 and 8 with places filled again, and all
  /// at once, more than few-row kernels take.
  @Test(arguments: Base.allCases, [("qwen3", true), ("qwen2", false), ("llama", false)])
  func completionsDoNotDependOnTheBatch(base: Base, model: (name: String, isAdapted: Bool)) throws {
    try base.run {
      let model = try self.model(base, model.name, adapted: model.isAdapted)
      let prompts = prompts([5, 40, 1, 23, 16])
      let together = try groups(model, prompts, slots: 64)
      let lengths = Set(together.joined().map(\.ids.count))
      #expect(lengths.count > 3 && lengths.contains(20), "no place is filled again: \(lengths)")
      for slots in [1, 3, 8, 17] {
        #expect(try groups(model, prompts, slots: slots) == together, "\(slots) places")
      }
      for (prompt, group) in zip(prompts, together) {
        #expect(try groups(model, [prompt], slots: 8) == [group])
        // The number in the group, not the size of the group, decides.
        #expect(try groups(model, [prompt], count: 1, slots: 8)[0][0] == group[0])
      }
      let reversed = try groups(model, prompts.reversed(), slots: 4)
      #expect(reversed == together.reversed())
    }
  }

  @Test func penaltiesDoNotDependOnTheBatch() throws {
    let model = try model(.f32, "qwen3"), prompts = prompts([12, 4])
    let together = try groups(model, prompts, slots: 16, penalty: 1.5)
    #expect(try groups(model, prompts, slots: 1, penalty: 1.5) == together)
    #expect(try groups(model, prompts, slots: 16) != together)
  }

  @Test func threadsDoNotMatter() throws {
    let threads = Parallel.threads
    defer { Parallel.threads = threads }
    let model = try model(.nf4, "qwen3", adapted: true), prompts = prompts([40, 7])
    Parallel.threads = 1
    let alone = try groups(model, prompts, slots: 8)
    Parallel.threads = 2
    #expect(try groups(model, prompts, slots: 8) == alone)
  }

  /// Sliding windows, beyond a window's length, in prompts and behind them.
  @Test func windowsDoNotDependOnTheBatch() throws {
    let folder = goldens + "/model_variants"
    let json = try JSONValue(readingFile: folder + "/variants.json")["configs"]?["mistral-window"]
    let model = try CausalLanguageModel(
      config: ModelConfig(json: try #require(json), path: "mistral-window"),
      weights: .folder(SafeTensorsFolder(path: folder)))
    let prompts = prompts([30, 3, 9]).map { prompt in
      var prompt = prompt
      prompt.ids = prompt.ids.map { $0 % 48 }
      return prompt
    }
    let together = try groups(model, prompts, slots: 16)
    for slots in [1, 4] { #expect(try groups(model, prompts, slots: slots) == together) }
    try expectNoDrift(model, prompts, together, temperature: 1.3)
  }

  /// What the decoder says of its tokens is what one pass over the whole text says.
  @Test(arguments: [Base.f32, .nf4, .int8], ["qwen3", "llama"])
  func decoderAndTrainingForwardAgree(base: Base, name: String) throws {
    let model = try model(base, name, adapted: name == "qwen3"), prompts = prompts([5, 40, 1, 23])
    for temperature in [0, 0.7, 1.0] {
      let groups = try RolloutSampler(
        model: model, vocabulary: 160, stopTokens: [3], maximumNewTokens: 20,
        sampler: Sampler(temperature: temperature, topK: 20, repetitionPenalty: 1.1)
      )(prompts, count: 4).groups
      try expectNoDrift(model, prompts, groups, temperature: temperature == 0 ? 1 : temperature)
    }
  }

  func expectNoDrift(
    _ model: CausalLanguageModel, _ prompts: [Prompt], _ groups: [[SampledCompletion]],
    temperature: Double
  ) throws {
    for (prompt, group) in zip(prompts, groups) {
      for completion in group {
        let text = prompt.ids + completion.ids
        let logits = Recording.off {
          model.logits(
            model.hidden(
              text, Segments(lengths: [text.count]), media: model.media(prompt.media)))
        }
        let expected = completion.ids.enumerated().map { place, id -> Float in
          let row = prompt.ids.count + place - 1
          return logProbability(of: Int(id), logits, row: row, temperature: temperature)
        }
        expectClose(completion.logProbabilities, expected, atol: 1e-4, rtol: 0)
      }
    }
  }

  /// Clips in prompts of a tiny Qwen2-Audio.
  @Test(arguments: [nil, Quantization.nf4(double: true)]) func clipsAreHeardOnceForAGroup(
    quantization: Quantization?
  ) throws {
    let model = try CausalLanguageModel(
      folder: goldens + "/qwen2_audio/model", quantization: quantization)
    let prompts = [37, 100, 64].enumerated().map { number, frames in
      let tokens = AudioClip.tokens(frames: frames)
      let random = Random(seed: UInt64(number)), token = model.audio?.token ?? -1
      return Prompt(
        ids: [10, 7] + Array(repeating: token, count: tokens) + [29, 34],
        media: [
          .init(
            places: 2..<2 + tokens,
            features: MediaTensor(
              shape: [16, frames + 2],
              values: (0..<16 * (frames + 2)).map { Float(random.uniform($0)) }))
        ], label: "clip \(number)")
    }
    func groups(_ prompts: [Prompt], slots: Int) throws -> [[SampledCompletion]] {
      try RolloutSampler(
        model: model, vocabulary: 118, stopTokens: Set(3..<9), maximumNewTokens: 12,
        sampler: Sampler(temperature: 1), slots: slots)(
          prompts, count: 4
        ).groups
    }
    let together = try groups(prompts, slots: 16)
    #expect(Set(together.joined()).count == 12)
    for slots in [1, 5] { #expect(try groups(prompts, slots: slots) == together) }
    for (prompt, group) in zip(prompts, together) {
      #expect(try groups([prompt], slots: 8) == [group])
    }
    try expectNoDrift(model, prompts, together, temperature: 1)
  }
}
