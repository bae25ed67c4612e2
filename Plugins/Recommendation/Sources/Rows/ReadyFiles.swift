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
    guard let paths = files[split] else { return nil }
    let columns = split == .test ? [:] : columns
    var rows: [ReadyRow] = []
    for path in paths {
      try JSONValues(path).forEach { value, place in
        rows.append(try ReadyRow(value, columns: columns, prompts: prompts, place: place))
      }
    }
    return rows
  }
}
