import TaskKit

/// Rows that ask for Yes or No: cut from ratings as they are asked for, or ready-made.
struct RecommendationDataset: Dataset {
  static let name = "recommendation.ratings"
  static let summary = "MovieLens ratings as windows, or Alpaca and raw test rows from files."

  private enum Rows {
    case windows(RatingCorpus, [UInt32])
    case ready([ReadyRow])
  }

  let sources: [String]
  let variesByEpoch = false
  private let rows: Rows
  private let prompts: PromptBuilder
  private let likedFrom: Float
  /// Whether the tokenizer spells each answer as one token, so that it can stand as a choice inside
  /// the assistant's turn. Otherwise the whole turn is the choice, which is scored likewise.
  private let answersAreTokens: Bool

  init?(config: RecommendationConfig, split: Split, host: HostServices) throws {
    prompts = config.prompts
    likedFrom = try config.likedFrom()
    answersAreTokens = try PromptBuilder.answers.allSatisfy {
      try host.tokenizer?.encode($0).count ?? 1 == 1
    }
    if let source = config.source {
      guard config.train == nil, config.validation == nil, config.test == nil,
        config.dataset_info == nil, config.dataset == nil
      else {
        throw config.fault(
          "'data' has 'source' and files of ready-made rows too; keep one of them")
      }
      let corpus = try RatingCorpus.open(source, config.windowOptions(), host: host)
      let candidates = corpus.windows.candidates(split)
      if candidates.isEmpty, corpus.options.leavesOut(split) { return nil }
      guard !candidates.isEmpty else {
        throw PluginError(
          .data,
          "\(source): no row is left for the \(split.rawValue) split; change the shares of the "
            + "splits or 'data.history_length'")
      }
      rows = .windows(corpus, candidates)
      sources = corpus.paths
      return
    }
    let files = try ReadyFiles(config)
    guard let ready = try files.rows(split, prompts) else { return nil }
    if split != .train, let warning = files.otherWording(ready, prompts) {
      host.log(.warning, warning)
    }
    rows = .ready(ready)
    sources = files.paths(split)
  }

  var notes: [String] {
    if case .ready(let rows) = rows { UnreadKeys.notes(rows.lazy.map(\.unread)) } else { [] }
  }

  var count: Int {
    switch rows {
    case .windows(_, let candidates): candidates.count
    case .ready(let rows): rows.count
    }
  }

  func example(at index: Int, epoch: Int, seed: UInt64) throws -> Example {
    switch rows {
    case .windows(let corpus, let candidates):
      return example(corpus, candidate: Int(candidates[index]))
    case .ready(let rows):
      return example(rows[index].prompt, rows[index].metadata)
    }
  }

  private func example(_ corpus: RatingCorpus, candidate: Int) -> Example {
    let ratings = corpus.ratings, history = candidate - corpus.options.historyLength..<candidate
    let movie = ratings.movies[candidate], user = ratings.user(of: candidate)
    func title(_ event: Int) -> String { corpus.movies.titles[Int(ratings.movies[event])] }
    let lines = history.map { event in
      PromptBuilder.line(
        event - history.lowerBound + 1, title(event), rating: ratings.ratings[event])
    }
    let metadata = RowMetadata(
      label: PromptBuilder.answers[ratings.ratings[candidate] >= likedFrom ? 0 : 1],
      user_id: .int(ratings.users[user]), candidate_title: title(candidate),
      movie_id: corpus.movies.ids[Int(movie)], history_titles: lines,
      history_ratings: Array(ratings.ratings[history]), item_mean: corpus.means.movie(movie),
      user_mean: corpus.means.user(user), overall_mean: corpus.means.overall)
    let question = PromptBuilder.question(lines, candidate: title(candidate))
    return example(prompts.prompt(input: question), metadata)
  }

  private func example(_ prompt: [Turn], _ metadata: RowMetadata) -> Example {
    let weights: [Float] = metadata.label == PromptBuilder.answers[0] ? [1, 0] : [0, 1]
    let answer: Part = answersAreTokens ? .choice(weights: weights) : .text(metadata.label)
    return Example(
      turns: prompt + [Turn(role: "assistant", parts: [answer])],
      metadata: metadata.json, choices: PromptBuilder.answers)
  }
}
