import TaskKit

/// The files of ready-made rows that a recipe names, itself or through a registry.
struct ReadyFiles {
  private var files: [Split: [String]] = [:]
  /// Our names of keys to the files'; the test rows come from elsewhere and have their own.
  private var columns: [String: String] = [:]
  private var registry: String?

  init(_ config: RecommendationConfig) throws {
    try config.refuseWindowKeys()
    if let path = config.dataset_info {
      guard config.train == nil, config.validation == nil else {
        throw config.fault(
          "'data.dataset_info' names the training and validation rows; leave out 'train' and "
            + "'validation'")
      }
      let entry = try DatasetEntry(registry: path, name: config.dataset)
      files[.train] = [entry.train]
      files[.validation] = entry.validation.map { [$0] }
      columns = entry.columns
      registry = entry.registry
    } else {
      guard config.dataset == nil else {
        throw config.fault("'data.dataset' needs 'data.dataset_info', the registry it stands in")
      }
      files[.train] = config.train?.paths
      files[.validation] = config.validation?.paths
    }
    files[.test] = config.test?.paths
    guard !files.isEmpty else {
      throw config.fault(
        "'data.source' is required: the MovieLens folder or its zip; or give 'train', or "
          + "'dataset_info'")
    }
  }

  /// The files that decide the rows of `split`.
  func paths(_ split: Split) -> [String] {
    (files[split] ?? []) + (registry.map { [$0] } ?? [])
  }

  /// The rows of `split`; nil where the recipe names none.
  func rows(_ split: Split, _ prompts: PromptBuilder) throws -> [ReadyRow]? {
    try files[split].map { try rows($0, of: split, prompts) }
  }

  /// What to warn of: `rows`, held out, ask in other words than the training rows do, by the first of
  /// each. Raw rows have the recipe's words, Alpaca rows their own, and a model trained on one wording
  /// is not judged fairly by another.
  func otherWording(_ rows: [ReadyRow], _ prompts: PromptBuilder) -> String? {
    // Held-out rows are judged without the training files too: what is wrong with these is not said.
    guard let held = rows.first?.wording, let paths = files[.train]?.prefix(1),
      let trained = try? self.rows(Array(paths), of: .train, limit: 1, prompts).first?.wording
    else { return nil }
    func differs(_ key: String, _ held: String, _ trained: String) -> String? {
      held == trained
        ? nil : "the \(key) '\(held.prefix(120))', training rows '\(trained.prefix(120))'"
    }
    let found = [
      differs("instruction", held.instruction, trained.instruction),
      differs("system's turn", held.system, trained.system),
    ].compactMap(\.self)
    guard !found.isEmpty else { return nil }
    return "held-out rows have " + found.joined(separator: ", and ")
      + "; 'data.instruction' and 'data.system' set the words of raw rows"
  }

  private func rows(
    _ paths: [String], of split: Split, limit: Int = .max, _ prompts: PromptBuilder
  ) throws -> [ReadyRow] {
    let columns = split == .test ? [:] : columns
    var rows: [ReadyRow] = []
    for path in paths {
      try RowFile(path).forEach(limit: limit) { value, place in
        rows.append(try ReadyRow(value, columns: columns, prompts: prompts, place: place))
      }
    }
    return rows
  }
}
