import Models
import Tensors

/// Groups of completions on their way: those that are decoded, and those whose turn comes.
struct Rollout {
  private let settings: RolloutSampler, prompts: [Prompt], count: Int
  /// Sequence i is completion i mod `count` of prompt i / `count`; they begin in this order.
  private var batch: DecodingBatch
  /// log p of each sequence's tokens.
  private var logProbabilities: [[Float]] = []
  /// The prompt whose completions begin now, and the logits after it.
  private var reading: (batch: DecodingBatch, logits: Tensor)?
  /// Each group's completions that have not ended.
  private var open: [Int]
  private(set) var statistics = GenerationStatistics()

  init(_ settings: RolloutSampler, _ prompts: [Prompt], count: Int) {
    self.settings = settings
    self.prompts = prompts
    self.count = count
    batch = DecodingBatch(
      [], model: settings.model, maximumNewTokens: settings.maximumNewTokens)
    open = prompts.map { _ in count }
  }

  var isDone: Bool { begun == prompts.count * count && batch.isDone }
  private var begun: Int { batch.sequences.count }

  /// Begins a completion where there is a place, else draws the next token of all; returns the groups
  /// that this completes.
  mutating func advance() throws(GenerationError) -> [Int] {
    let clock = ContinuousClock(), start = clock.now
    let begins = batch.active.count < settings.slots && begun < prompts.count * count
    let ended = begins ? try begin() : try decode()
    let seconds = (clock.now - start) / .seconds(1)
    if begins { statistics.prefillSeconds += seconds } else { statistics.decodeSeconds += seconds }
    statistics.generatedTokens = batch.statistics.generatedTokens
    var completed: [Int] = []
    for sequence in ended {
      open[sequence / count] -= 1
      if open[sequence / count] == 0 { completed.append(sequence / count) }
    }
    return completed
  }

  /// The completions of a group that has ended.
  func completions(of group: Int) -> [SampledCompletion] {
    (group * count..<(group + 1) * count).map { index in
      let result = batch.sequences[index].result
      return SampledCompletion(
        ids: result.ids + (result.stopToken.map { [$0] } ?? []),
        isTruncated: result.finishReason == .length, logProbabilities: logProbabilities[index])
    }
  }

  /// The first completion of a group reads the prompt for all of them.
  private mutating func begin() throws(GenerationError) -> [Int] {
    if begun % count == 0 { read(prompts[begun / count]) }
    guard let reading else { preconditionFailure("rollout: no prompt was read") }
    logProbabilities.append([])
    let sequence = batch.add(continuing: reading.batch)
    defer { if begun % count == 0 { self.reading = nil } }
    return try draw(reading.logits, [sequence])
  }

  private mutating func read(_ prompt: Prompt) {
    var batch = DecodingBatch(
      [prompt], model: settings.model, maximumNewTokens: settings.maximumNewTokens)
    statistics.promptTokens += prompt.ids.count
    let logits = batch.nextLogits(settings.model)
    reading = (batch, logits)
  }

  private mutating func decode() throws(GenerationError) -> [Int] {
    try draw(batch.nextLogits(settings.model), batch.active)
  }

  /// Draws the next token of each of `sequences` from its row of logits; returns those that end.
  private mutating func draw(_ logits: Tensor, _ sequences: [Int]) throws(GenerationError) -> [Int]
  {
    var draws = [Draw?](repeating: nil, count: sequences.count)
    draws.withUnsafeMutableBufferPointer { draws in
      Parallel.run(sequences.count) { draws[$0] = draw(logits, row: $0, sequences[$0]) }
    }
    for (sequence, draw) in zip(sequences, draws) {
      guard let draw else { throw diverged(sequence) }
      logProbabilities[sequence].append(draw.logProbability)
      if settings.stopTokens.contains(draw.id) {
        batch.stop(sequence, at: draw.id)
      } else {
        batch.append(draw.id, to: sequence)
      }
    }
    batch.dropFinished()
    return sequences.filter { batch.sequences[$0].isDone }
  }

  private struct Draw {
    let id: Int32, logProbability: Float
  }

  /// nil where the logits are not finite.
  private func draw(_ logits: Tensor, row: Int, _ index: Int) -> Draw? {
    let sequence = batch.sequences[index], temperature = settings.sampler.temperature
    let id = settings.sampler.token(
      of: Scores(logits, row: row, count: settings.vocabulary), seen: sequence.seen,
      label: "\(sequence.label) completion \(index % count)", step: sequence.result.ids.count)
    guard let id else { return nil }
    let value = logProbability(
      of: Int(id), logits, row: row, temperature: temperature > 0 ? temperature : 1)
    return value.isFinite ? Draw(id: id, logProbability: value) : nil
  }

  private func diverged(_ index: Int) -> GenerationError {
    let label = prompts[index / count].label
    return GenerationError(
      .diverged,
      "the logits after token \(batch.sequences[index].length) of completion \(index % count) of "
        + "prompt \(label.isEmpty ? "\(index / count)" : label) are not finite; the model or its "
        + "adapter holds broken numbers")
  }
}
