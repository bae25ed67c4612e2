import JSON
import Objectives
import Rows
import Tasks
import Training

/// What rewards say of each answer that a row may be given: of the places in its text at which one of
/// several options stands, or of the row's own list of answers. A reward sees an option as a completion,
/// and in its metadata, under `choice`, all options of the place and their weights.
final class RewardedChoices {
  private let session: TaskSession, dataset: EncodedDataset
  private let panel: RewardPanel, weights: [Double]
  /// What was said of rows that are the same in each epoch, and whose options stand in their texts: the
  /// dataset need not read such a row, and its clip, a second time.
  private var known: [Int: [[Double?]]] = [:]
  private var silent = SilentRewards()

  /// Rewards of the rows of `dataset`.
  init(
    _ session: TaskSession, _ dataset: EncodedDataset, panel: RewardPanel, weights: [Double]
  ) {
    self.session = session
    self.dataset = dataset
    self.panel = panel
    self.weights = weights
  }

  /// The rewards of a row's options, and their texts where they are whole answers; `sample` is the
  /// row's own text.
  func callAsFunction(
    _ row: Int, _ epoch: Int, _ sample: Sample
  ) throws -> (texts: [Sample], rewards: [[Double?]]) {
    if let known = known[row] { return ([], known) }
    let example = try dataset.example(row, epoch: epoch)
    let isWhole = sample.choices.isEmpty
    guard !isWhole || !example.choices.isEmpty else {
      throw TaskError(
        .data,
        "\(sample.source): the row has no choices, whose rewards could be expected; leave it out, or "
          + "set objective.type: grpo, which samples answers")
    }
    let rewards = try rewards(row, example, sample)
    if !isWhole, !dataset.variesByEpoch { known[row] = rewards }
    return (isWhole ? try texts(example, sample) : [], rewards)
  }

  private func rewards(_ row: Int, _ example: Example, _ sample: Sample) throws -> [[Double?]] {
    let prompt = session.tokenizer.decode(
      try session.encoder.prompt(example, label: sample.source).ids)
    let reference = try session.encoder.reference(example, label: sample.source)
    let places =
      sample.choices.isEmpty
      ? [(options: example.choices, weights: [Float]())]
      : sample.choices.map { (options: $0.options, weights: $0.weights) }
    return try places.enumerated().map { place, choice in
      let described: JSONValue = [
        "place": .int(place), "options": .array(choice.options.map(JSONValue.string)),
        "weights": .array(choice.weights.map { .double(Double($0)) }),
      ]
      let completions = choice.options.map {
        Completion(
          prompt: prompt, text: $0, metadata: example.metadata.setting("choice", described),
          group: row, tokens: session.tokenizer.encode($0).count, reference: reference)
      }
      return try total(completions, "options of \(sample.source)")
    }
  }

  /// The weighted sum of what the rewards say of each completion; they are called `what`.
  private func total(_ completions: [Completion], _ what: String) throws -> [Double?] {
    do throws(RewardPanel.Failure) {
      let scored = try panel.score(completions)
      silent.notes(scored, what).forEach(session.tell.note)
      return Advantages.rewards(
        scored.map { scored in panel.members.map { scored.outcomes[$0.name]?.score } },
        weights: weights)
    } catch { throw error.error }
  }

  /// The prompt with each of the row's answers.
  private func texts(_ example: Example, _ sample: Sample) throws -> [Sample] {
    let prompt = try session.encoder.prompt(example, label: sample.source)
    return try session.encoder.choices(example, label: sample.source).map { ids in
      Sample(
        ids: prompt.ids + ids,
        isTrained: prompt.ids.map { _ in false } + ids.map { _ in true }, source: sample.source,
        media: prompt.media, role: .option)
    }
  }
}
