import Models
import Tensors

/// Continues prompts, a batch at a time, with a key/value cache for each sequence.
public struct Generator {
  /// What an observer of tokens wants next for that sequence.
  public enum Flow: Sendable { case proceed, stop }

  private let model: CausalLanguageModel
  /// Ids below this can be chosen: the tokenizer's number of ids. The embedding may have more rows,
  /// which no text ever trained.
  public let vocabulary: Int
  /// Tokens that end a sequence.
  public let stopTokens: Set<Int32>
  /// The most tokens to generate for a prompt, its stop token included.
  public let maximumNewTokens: Int
  /// How tokens are chosen.
  public let sampler: Sampler

  /// Checks the settings. `vocabulary` is the tokenizer's number of ids.
  public init(
    model: CausalLanguageModel, vocabulary: Int, stopTokens: Set<Int32>, maximumNewTokens: Int,
    sampler: Sampler = .greedy
  ) throws(GenerationError) {
    try model.checkWrites()
    guard maximumNewTokens > 0 else {
      throw GenerationError(
        .configuration, "max_new_tokens is \(maximumNewTokens); a number from 1 upward is needed")
    }
    self.model = model
    self.vocabulary = min(vocabulary, model.config.vocabularySize)
    self.stopTokens = stopTokens
    self.maximumNewTokens = maximumNewTokens
    self.sampler = sampler
  }

  /// Continues all prompts as one batch. `observe` hears each token as it is chosen, stop tokens
  /// excepted, with its prompt's index, and may end that sequence. An answer that would leave the
  /// model's context ends there; a prompt that fills it alone is an error.
  public func callAsFunction(
    _ prompts: [Prompt], observe: (_ sequence: Int, _ id: Int32) -> Flow = { _, _ in .proceed }
  ) throws(GenerationError) -> (sequences: [GeneratedSequence], statistics: GenerationStatistics) {
    for (index, prompt) in prompts.enumerated() {
      try model.check(
        prompt.ids, name: prompt.label.isEmpty ? "prompt \(index)" : prompt.label)
    }
    guard !prompts.isEmpty else { return ([], GenerationStatistics()) }
    var batch = DecodingBatch(prompts, model: model, maximumNewTokens: maximumNewTokens)
    let clock = ContinuousClock(), start = clock.now
    try advance(&batch, observe)
    let prefilled = clock.now
    while !batch.isDone { try advance(&batch, observe) }
    batch.statistics.prefillSeconds = (prefilled - start) / .seconds(1)
    batch.statistics.decodeSeconds = (clock.now - prefilled) / .seconds(1)
    return (batch.sequences.map(\.result), batch.statistics)
  }

  /// Reads what is new and chooses one token for each active sequence.
  private func advance(_ batch: inout DecodingBatch, _ observe: (Int, Int32) -> Flow)
    throws(GenerationError)
  {
    let logits = batch.nextLogits(model)
    for (row, index) in batch.active.enumerated() {
      let sequence = batch.sequences[index]
      let id = sampler.token(
        of: Scores(logits, row: row, count: vocabulary), seen: sequence.seen,
        label: sequence.label, step: sequence.result.ids.count)
      guard let id else {
        throw GenerationError(
          .diverged,
          "the logits after token \(sequence.length) of prompt \(index) are not finite; the model "
            + "or its adapter holds broken numbers")
      }
      if stopTokens.contains(id) {
        batch.stop(index, at: id)
      } else {
        batch.append(id, to: index)
        if observe(index, id) == .stop { batch.stop(index, at: nil) }
      }
    }
    batch.dropFinished()
  }
}

extension CausalLanguageModel {
  /// Refuses an empty text and ids that the embedding lacks.
  func checkTokens(_ ids: [Int32], name: String) throws(GenerationError) {
    guard !ids.isEmpty else {
      throw GenerationError(.prompt, "\(name) has no tokens; at least one is needed")
    }
    if let bad = ids.first(where: { $0 < 0 || Int($0) >= config.vocabularySize }) {
      throw GenerationError(
        .prompt,
        "\(name) holds the id \(bad), but the model has \(config.vocabularySize) tokens; was it "
          + "encoded with another model's tokenizer?")
    }
  }

  /// The same, and refuses texts that leave no room for one more token.
  func check(_ ids: [Int32], name: String) throws(GenerationError) {
    try checkTokens(ids, name: name)
    guard ids.count < contextLength else {
      throw GenerationError(
        .prompt,
        "\(name) has \(ids.count) tokens, but the model's context is "
          + "\(contextText) and needs room for an answer; shorten it")
    }
  }
}
