import Generation
import Models
import Tasks
import Tensors
import TestSupport
import Testing

@Suite struct RolloutSamplerTests {
  static let models = GoldenModel.names.map(GoldenModel.init)

  func rollouts(
    _ model: CausalLanguageModel, stop: Set<Int32> = [], new: Int = 16, vocabulary: Int = 160,
    sampler: Sampler = .greedy, slots: Int = 16
  ) throws -> RolloutSampler {
    try RolloutSampler(
      model: model, vocabulary: vocabulary, stopTokens: stop, maximumNewTokens: new,
      sampler: sampler, slots: slots)
  }

  @Test(arguments: models) func greedyIsTransformers(_ golden: GoldenModel) throws {
    let numbers = try golden.numbers(), prompt = Prompt(ids: numbers.greedy_prompt)
    let (groups, statistics) = try rollouts(golden.model(), slots: 2)([prompt], count: 3)
    #expect(groups[0].map(\.ids) == [numbers.greedy, numbers.greedy, numbers.greedy])
    #expect(Set(groups[0]).count == 1 && groups[0][0].isTruncated)
    #expect(statistics.promptTokens == 5 && statistics.generatedTokens == 48)
    #expect(statistics.prefillSeconds > 0 && statistics.decodeSeconds > 0)
  }

  @Test func greedyIsTheGenerators() throws {
    let model = try GoldenModel(name: "qwen3").model(), prompts = prompts([9, 1, 30, 4, 17])
    let generator = try Generator(
      model: model, vocabulary: 160, stopTokens: [7, 21, 132], maximumNewTokens: 12)
    let expected = try generator(prompts).sequences
    let groups = try rollouts(model, stop: [7, 21, 132], new: 12, slots: 3)(prompts, count: 2)
      .groups
    for (group, sequence) in zip(groups, expected) {
      let ids = sequence.ids + (sequence.stopToken.map { [$0] } ?? [])
      #expect(group.allSatisfy { $0.ids == ids })
      #expect(group.allSatisfy { $0.isTruncated == (sequence.finishReason == .length) })
    }
  }

  @Test func completionsDifferByNumberLabelAndSeed() throws {
    let model = try GoldenModel(name: "qwen2").model(), prompt = prompts([7])[0]
    func group(_ prompt: Prompt, seed: UInt64 = 1) throws -> [SampledCompletion] {
      try rollouts(model, sampler: Sampler(temperature: 1, seed: seed))([prompt], count: 6)
        .groups[0]
    }
    let first = try group(prompt)
    #expect(Set(first).count == 6)
    var renamed = prompt
    renamed.label = "another row"
    #expect(Set(first + (try group(renamed)) + (try group(prompt, seed: 2))).count == 18)
    #expect(try group(prompt) == first)
  }

  @Test func stopTokensEndAndBelongToTheCompletion() throws {
    let golden = GoldenModel(name: "llama"), model = try golden.model()
    let numbers = try golden.numbers(), prompt = Prompt(ids: numbers.greedy_prompt)
    let group = try rollouts(model, stop: [132, 155])([prompt], count: 2).groups[0]
    #expect(group[1].ids == Array(numbers.greedy.prefix(4)) + [132] && !group[1].isTruncated)
    #expect(group[1].logProbabilities.count == 5)
    let atOnce = try rollouts(model, stop: [numbers.greedy[0]], slots: 2)(
      [prompt, prompt], count: 3)
    #expect(atOnce.groups.joined().allSatisfy { $0.ids == [numbers.greedy[0]] })
    // The limit counts the stop token: the last one allowed may be it.
    let (five, four) = (
      try rollouts(model, stop: [132], new: 5)([prompt], count: 1).groups[0][0],
      try rollouts(model, stop: [132], new: 4)([prompt], count: 1).groups[0][0]
    )
    #expect(!five.isTruncated && four.isTruncated && four.ids.count == 4)
  }

  /// Each group is heard once, when its last completion ends, before others have.
  @Test func finishedHearsEachGroupAsItEnds() throws {
    let model = try GoldenModel(name: "llama").model(), sampler = try Sampler(temperature: 2)
    var heard: [(group: Int, completions: [SampledCompletion])] = []
    let groups = try rollouts(model, stop: Set(3..<20), sampler: sampler, slots: 4)(
      prompts([5, 6, 7, 8, 9]), count: 3
    ) { heard.append(($0, $1)) }.groups
    #expect(heard.map(\.group).sorted() == [0, 1, 2, 3, 4])
    #expect(heard.allSatisfy { groups[$0.group] == $0.completions })
    #expect(Set(groups.joined().map(\.isTruncated)) == [false, true])
  }

  /// A question between any two tokens, and none after the yes.
  @Test(arguments: [0, 1, 4, 7]) func cancellationIsHeardAtEachToken(_ patience: Int) throws {
    let model = try GoldenModel(name: "llama").model()
    var asked = 0, heard = 0
    let error = #expect(throws: TaskError.self) {
      try rollouts(model, slots: 2)(
        prompts([5, 6]), count: 2,
        finished: { _, _ in heard += 1 },
        isCancelled: {
          asked += 1
          return asked > patience
        })
    }
    #expect(error?.kind == .cancelled && asked == patience + 1 && heard == 0)
  }

  @Test func idsBehindTheTokenizerAreNeverDrawn() throws {
    let model = try GoldenModel(name: "llama").model(), sampler = try Sampler(temperature: 3)
    let bound = try rollouts(model, vocabulary: 60, sampler: sampler)(prompts([5, 7]), count: 4)
    #expect(bound.groups.joined().allSatisfy { $0.ids.allSatisfy { $0 < 60 } })
  }

  @Test func theContextIsRespected() throws {
    let model = try GoldenModel(name: "llama").model(), rollouts = try rollouts(model)
    let groups = try rollouts(prompts([255, 250, 3]), count: 2).groups
    #expect(groups.map { $0[1].ids.count } == [1, 6, 16] && groups[1][0].isTruncated)
    let error = #expect(throws: GenerationError.self) { try rollouts(prompts([4, 256]), count: 2) }
    #expect(
      error?.message == "prompt row 1 has 256 tokens, but the model's context is 256 and needs "
        + "room for an answer; shorten it")
  }

  @Test func badSettingsAreRefused() throws {
    let model = try GoldenModel(name: "llama").model()
    #expect(throws: GenerationError.self) { try rollouts(model, new: 0) }
    #expect(throws: GenerationError.self) { try rollouts(model, slots: 0) }
    #expect(try rollouts(model)([], count: 4).groups.isEmpty)
  }
}
