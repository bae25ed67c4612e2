import TaskKit

/// The recipe's `data` section for this task.
struct ConversationConfig: Decodable, Sendable {
  /// The files of each split.
  var train: Paths?, validation: Paths?, test: Paths?
  /// The share of `train`'s rows kept out of training, where `validation` names no file.
  var validation_fraction: Double?
  /// The run's seed; decides which rows are kept out.
  var seed: UInt64?
}

/// Conversations from files; every assistant turn is trained.
struct ConversationDataset: Dataset {
  static let name = "instruct.conversations"
  static let summary =
    "Chat, ShareGPT, Alpaca or prompt and completion rows from JSONL or JSON files."

  private let rows: [ConversationFile.Row]
  let sources: [String]
  let variesByEpoch = false

  init?(config: ConversationConfig, split: Split, host: HostServices) throws {
    let files = try SplitFiles(
      train: config.train, validation: config.validation, test: config.test,
      validationFraction: config.validation_fraction, seed: config.seed)
    guard let paths = try files.paths(split) else { return nil }
    let all = try ConversationFile.rows(of: paths)
    // Each row stands for itself.
    rows = try files.part(split, groups: Array(all.indices)).map { all[$0] }
    sources = try files.sources(split)
  }

  var count: Int { rows.count }

  /// Columns that are kept as metadata and say nothing to training, with the rows that have them.
  var notes: [String] { RowKeys.notes(rows.map { (try? $0.content.get())?.metadata ?? [:] }) }

  var places: [String] { rows.map(\.place) }

  func example(at index: Int, epoch: Int, seed: UInt64) throws -> Example {
    let row = try rows[index].content.get()
    return Example(
      turns: row.turns, metadata: .object(row.metadata),
      templateVariables: row.templateVariables)
  }
}
