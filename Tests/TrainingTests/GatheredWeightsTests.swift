import Generation
import Models
import Ranks
import TestSupport
import Testing

@testable import Training

/// A model whose weights are spread over ranks.
@Suite struct GatheredWeightsTests {
  private static let prompts = (0..<3).map { number in
    Prompt(ids: (0...number).map { Int32(40 + 7 * $0 + number) }, label: "\(number)")
  }

  private static func sample(
    _ share: StepShare, _ prompts: [Prompt]
  ) throws -> [[SampledCompletion]] {
    let model = try CausalLanguageModel(folder: TrainerTests.modelFolder)
    _ = Trainable.full(model, share)
    let sampler = try RolloutSampler(
      model: model, vocabulary: 2045, stopTokens: [7], maximumNewTokens: 5,
      sampler: Sampler(temperature: 1, seed: 5))
    return try model.together {
      try prompts.isEmpty ? [] : sampler(prompts, count: 2).groups
    }
  }

  /// Ranks that have more to sample than others, or nothing.
  @Test(arguments: [2, 4]) func allSampleTogether(count: Int) throws {
    let expected = try Self.sample(.alone, Self.prompts)
    let found = try ranks(count) { group in
      try Self.sample(
        StepShare(group, stage: .weights), group.dealt(3).map { Self.prompts[$0] })
    }
    for (rank, groups) in found.enumerated() {
      for (place, group) in groups.enumerated() {
        #expect(group == expected[rank + place * count], "rank \(rank), \(place)")
      }
    }
    #expect(found.joined().count == 3)
  }

  /// Where one fails, nobody waits for it.
  @Test func oneFails() {
    let results = outcomes(ofRanks: 3) { group in
      let model = try CausalLanguageModel(folder: TrainerTests.modelFolder)
      _ = Trainable.full(model, StepShare(group, stage: .weights))
      _ = try model.together {
        if group.rank == 1 { throw TrainingError(.refused, "no") }
        return try model.logLikelihoods(of: [])
      }
    }
    #expect(results.allSatisfy { (try? $0.get()) == nil })
  }

  /// Weights are here while a pass needs them, and their owners have them always.
  @Test func weightsComeAndGo() throws {
    _ = try ranks(2) { group in
      let model = try CausalLanguageModel(folder: TrainerTests.modelFolder)
      let trainable = Trainable.full(model, StepShare(group, stage: .weights))
      #expect(trainable.parameters.allSatisfy { !$0.tensor.isHeld })
      let own = trainable.masters?.values.reduce(0) { $0 + ($1?.count ?? 0) } ?? 0
      let all = trainable.parameters.reduce(0) { $0 + $1.tensor.count }
      #expect(own > all / 4 && own < all * 3 / 4)
      _ = try model.together { try model.weigh([Continuation(ids: [3, 4, 5], start: 1)]) }
      #expect(trainable.parameters.allSatisfy { !$0.tensor.isHeld })
    }
  }
}
