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
    let fraction = config.validation_fraction ?? 0
    guard (0..<1).contains(fraction) else {
      throw PluginError(
        .configuration, "'data.validation_fraction' is \(fraction); it must lie in 0..<1")
    }
    if fraction > 0, config.validation != nil {
      throw PluginError(
        .configuration, "'data' has both 'validation' and 'validation_fraction'; keep one of them")
    }
    let own = [Split.train: config.train, .validation: config.validation, .test: config.test][split]
    if let own = own ?? nil, split != .train || fraction == 0 {
      rows = try ConversationFile.rows(of: own.paths)
      sources = own.paths
    } else if split == .test || (split == .validation && fraction == 0) {
      return nil
    } else {
      guard let train = config.train else {
        throw PluginError(.configuration, "'data.train' is required: a file of rows, or a list")
      }
      sources = train.paths
      rows = Self.part(
        try ConversationFile.rows(of: train.paths), split, fraction, seed: config.seed ?? 0)
    }
    guard !rows.isEmpty else {
      throw PluginError(
        .configuration, "'data.validation_fraction' leaves no row for the \(split.rawValue) split")
    }
  }

  var count: Int { rows.count }

  /// Columns that are kept as metadata and say nothing to training, with the rows that have them.
  var notes: [String] {
    var counts: [String: Int] = [:]
    for row in rows {
      for key in (try? row.get())?.metadata.keys ?? [] { counts[key, default: 0] += 1 }
    }
    guard !counts.isEmpty else { return [] }
    let names = counts.sorted { $0.key < $1.key }.map { key, count in
      "'\(key)'" + (count == rows.count ? "" : " (\(count) row\(count == 1 ? "" : "s"))")
    }
    return ["not used for training, kept as metadata: \(names.joined(separator: ", "))"]
  }

  func example(at index: Int, epoch: Int, seed: UInt64) throws -> Example {
    let row = try rows[index].get()
    return Example(
      turns: row.turns, metadata: .object(row.metadata),
      templateVariables: row.templateVariables)
  }

  /// The rows with the smallest keys are held out; a key is a pure function of (seed, index). What
  /// is left keeps the order of the file.
  private static func part(
    _ rows: [ConversationFile.Row], _ split: Split, _ fraction: Double, seed: UInt64
  ) -> [ConversationFile.Row] {
    let count = fraction == 0 ? 0 : max(1, Int((fraction * Double(rows.count)).rounded()))
    let keys = rows.indices.map { index in
      var generator = RowGenerator(index: index, epoch: 0, seed: seed)
      return (generator.next(), index)
    }
    let held = Set(keys.sorted { $0 < $1 }.prefix(count).map(\.1))
    return rows.indices.filter { held.contains($0) == (split == .validation) }.map { rows[$0] }
  }
}
