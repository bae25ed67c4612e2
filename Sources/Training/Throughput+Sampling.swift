import Generation
import Models
import Tasks
import Tensors

extension Throughput {
  /// Completions that the model samples of random prompts, each of the greatest length: no token ends
  /// one. Every other one is better than the rest.
  func sampled(of model: CausalLanguageModel, step: Int) throws -> [TrainingRow] {
    let random = Random(seed: 1), vocabulary = UInt64(model.config.vocabularySize)
    let sampler = try RolloutSampler(
      model: model, vocabulary: model.config.vocabularySize, stopTokens: [],
      maximumNewTokens: supervised, sampler: Sampler(temperature: 1, seed: 1))
    let prompts = (0..<batch).map { row in
      Prompt(
        ids: (0..<length - supervised).map {
          Int32(random.bits(row * length + $0) % vocabulary)
        }, label: "step \(step) row \(row)")
    }
    let groups = try sampler(prompts, count: group).groups
    return zip(prompts, groups).enumerated().flatMap { row, pair in
      pair.1.enumerated().map { number, completion in
        let trained = pair.0.ids.map { _ in false } + completion.ids.map { _ in true }
        return TrainingRow(
          [
            Sample(
              ids: pair.0.ids + completion.ids, isTrained: trained, source: "row \(row)")
          ], index: row,
          sampling: .init(
            advantage: number % 2 == 0 ? 1 : -1, old: nil, decoded: completion.logProbabilities))
      }
    }
  }
}
