import TaskKit

/// How well a judge's scores agree with the annotators': see `ScaleSheet`, `BinarySheet`,
/// `ChoiceSheet`.
struct DramaEvaluator: Evaluator {
  /// What it reads of the `data` section.
  struct Config: Decodable, Sendable {
    /// Seed of the bootstrap; the run's.
    var seed: UInt64?
  }

  static let name = "speech_drama.agreement"
  static let summary =
    "Correlations and errors against the mean rating, beside people's own; accuracies."

  private let seed: UInt64

  init(config: Config, split: Split, host: HostServices) { seed = config.seed ?? 0 }

  /// An evaluator whose intervals are drawn with `seed`.
  init(seed: UInt64) { self.seed = seed }

  func evaluate(_ predictions: [Prediction]) throws -> Report {
    var judgements: [Judgement] = [], choices: [Choice] = [], unlabelled = 0
    var clips: [String] = []
    for prediction in predictions {
      let row: RowMetadata
      do { row = try prediction.metadata.decoded() } catch let error as PluginError {
        throw PluginError(.data, "row \(prediction.index): its metadata: \(error.message)")
      }
      clips.append(row.clip)
      if !row.questions.isEmpty {
        judgements += try Judgement.list(prediction, row)
      } else if let choice = try Choice(prediction, row) {
        choices.append(choice)
      } else {
        unlabelled += 1
      }
    }
    var draft = ReportDraft(questions: judgements.count + choices.count, seed: seed)
    draft.add(ScaleSheet(judgements.filter { !$0.isBinary }))
    var binary: [String] = []
    for judgement in judgements where judgement.isBinary && judgement.truth != nil {
      if !binary.contains(judgement.dimension) { binary.append(judgement.dimension) }
    }
    for dimension in binary { draft.add(BinarySheet(dimension: dimension, judgements)) }
    draft.add(ChoiceSheet(choices))
    draft.addCounts(
      unparsed: judgements.count { $0.score == nil } + choices.count { $0.chosen == nil },
      unrated: judgements.count { $0.truth == nil } + unlabelled)
    return draft.report(clips: clips)
  }
}
