import Models
import Tasks
import Tensors

/// Draws groups of completions.
///
/// Each prompt is read once, and what the model keeps of it is shared by its group; so many sequences
/// are decoded at once, and the place of one that ends is filled with the next. A completion is a pure
/// function of its prompt's ids, clips and label, its number in the group, the sampler and the
/// weights: it has the same bits whatever is decoded beside it. Dropout is off.
public struct RolloutSampler {
  /// Sequences that are decoded at once, unless somebody says otherwise.
  public static let slots = 16

  let model: CausalLanguageModel, vocabulary: Int, stopTokens: Set<Int32>
  let maximumNewTokens: Int, sampler: Sampler, slots: Int

  /// Checks the settings. `vocabulary` is the tokenizer's number of ids: no other token is drawn.
  /// `slots` sequences are decoded at once.
  public init(
    model: CausalLanguageModel, vocabulary: Int, stopTokens: Set<Int32>, maximumNewTokens: Int,
    sampler: Sampler, slots: Int = Self.slots
  ) throws(GenerationError) {
    guard maximumNewTokens > 0, slots > 0 else {
      throw GenerationError(
        .configuration,
        "\(maximumNewTokens) new tokens for each of \(slots) sequences at once; both numbers must "
          + "be 1 or more")
    }
    self.model = model
    self.vocabulary = min(vocabulary, model.config.vocabularySize)
    self.stopTokens = stopTokens
    self.maximumNewTokens = maximumNewTokens
    self.sampler = sampler
    self.slots = slots
  }

  /// `count` completions of each prompt. The random numbers of a prompt's completion k are a pure
  /// function of (the sampler's seed, the prompt's label, k, the token's number). `finished` hears a
  /// group's index and completions as soon as its last one ends, in whatever order groups end.
  /// `isCancelled` is asked before each prompt is read and before each token; a yes ends the work with
  /// `TaskError.cancelled`. Other errors are `GenerationError`s.
  public func callAsFunction(
    _ prompts: [Prompt], count: Int, finished: (Int, [SampledCompletion]) -> Void = { _, _ in },
    isCancelled: () -> Bool = { false }
  ) throws -> (groups: [[SampledCompletion]], statistics: GenerationStatistics) {
    precondition(count > 0, "rollouts: \(count) completions of each prompt")
    for (index, prompt) in prompts.enumerated() {
      try model.check(
        prompt.ids, name: "prompt \(prompt.label.isEmpty ? "\(index)" : prompt.label)")
    }
    // A row's bits must not depend on the rows beside it.
    return try ForwardPass(isolatesRows: true).run {
      var rollout = Rollout(self, prompts, count: count)
      while !rollout.isDone {
        if isCancelled() { throw TaskError(.cancelled, "the user asked to stop") }
        for group in try rollout.advance() { finished(group, rollout.completions(of: group)) }
      }
      return (prompts.indices.map(rollout.completions), rollout.statistics)
    }
  }
}
