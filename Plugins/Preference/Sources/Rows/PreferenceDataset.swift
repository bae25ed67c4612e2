import TaskKit

/// Preferences from files: pairs, answers with a label, or the preferred answers alone.
struct PreferenceDataset: Dataset {
  static let name = "preference.rows"
  static let summary =
    "Pairs, several scored answers, or answers with a label, from JSONL or JSON files."

  /// Which part of a row an example is.
  private enum Part { case whole, wanted, unwanted, chosen }

  let sources: [String]
  let notes: [String]
  let variesByEpoch: Bool
  private let rows: [PreferenceFile.Row]
  /// File and line of each example.
  let places: [String]
  /// The examples: a row by its place in the files, and the part of it.
  private let items: [(row: Int, part: Part)]
  private let rejected: RejectedAnswer

  init?(config: PreferenceConfig, split: Split, host: HostServices) throws {
    let files = try config.splitFiles(), use = try config.rowUse()
    rejected = try config.rejectedAnswer()
    let (score, policy) = (try config.scoreKey(), try config.badPairPolicy())
    guard let paths = try files.paths(split) else { return nil }
    let file = try PreferenceFile(paths, score: score, policy: policy)
    let part = try files.part(split, groups: file.prompts)
    let rows = Self.checked(file, use)
    let items = part.flatMap { row in Self.parts(of: rows[row], use).map { (row: row, part: $0) } }
    guard !items.isEmpty else {
      throw PluginError(
        .data, "no answer of the \(split.rawValue) split is wanted, so data.rows: chosen has none")
    }
    (self.rows, self.items, sources) = (rows, items, try files.sources(split))
    places = items.map { file.places[$0.row] }
    let scored = part.contains { rows[$0].isScored }
    variesByEpoch = scored && rejected == .random && use != .chosen
    notes = Self.notes(part.map { rows[$0] }, config, use, skips: file.skips)
  }

  var count: Int { items.count }

  func example(at index: Int, epoch: Int, seed: UInt64) throws -> Example {
    let (place, part) = items[index], row = try rows[place].get()
    var metadata = RowMetadata(source: row.source, prompt_id: row.promptID)
    var example = Example(turns: row.prompt, templateVariables: row.templateVariables)
    let (chosen, rejected) = row.answers(rejected, place, epoch, seed)
    if let chosen {
      try add(chosen, rejected, at: index, to: &example, &metadata)
    }
    var members = row.metadata
    members[RowMetadata.key] = metadata.json
    example.metadata = .object(members)
    return example
  }

  /// Adds the row's answers, or the one that the item takes of them.
  private func add(
    _ chosen: Answer, _ rejected: Answer?, at index: Int, to example: inout Example,
    _ metadata: inout RowMetadata
  ) throws {
    let (place, part) = items[index], row = try rows[place].get()
    if let rejected, part == .whole {
      (example.chosen, example.rejected) = (chosen.turns, rejected.turns)
      (metadata.chosen, metadata.rejected) = (.init(chosen), .init(rejected))
    } else {
      let answer = part == .unwanted ? rejected ?? chosen : chosen
      guard part == .chosen || !answer.turns.contains(where: { $0.role == "user" }) else {
        throw PluginError(
          .data,
          "\(places[index]): a label is about one answer, but a user's turn stands among its "
            + "turns; split it, or learn pairs")
      }
      example.turns += answer.turns
      example.label = part == .chosen ? nil : row.isWanted ?? (part == .wanted)
      metadata.answer = .init(answer)
    }
  }

  /// The parts of a row that become examples. A row that cannot be used is one, so that it is told.
  private static func parts(of row: PreferenceFile.Row, _ use: RowUse) -> [Part] {
    guard let row = try? row.get() else { return [.whole] }
    if let isWanted = row.isWanted {
      return use == .chosen ? (isWanted ? [.chosen] : []) : [.whole]
    }
    switch use {
    case .auto, .pairs: return [.whole]
    case .labels: return [.wanted, .unwanted]
    case .chosen: return [.chosen]
    }
  }

  /// The rows, those of the other kind refused: pairs and labels are learnt in different ways.
  private static func checked(_ file: PreferenceFile, _ use: RowUse) -> [PreferenceFile.Row] {
    guard use == .auto || use == .pairs else { return file.rows.answered(file.places, use) }
    let first = zip(file.rows, file.places).first { (try? $0.0.get()) != nil && !$0.0.isOpen }
    let isLabeled = use == .auto && first.map { $0.0.isLabeled } == true
    let rows = use == .pairs ? file.rows.answered(file.places, use) : file.rows
    return zip(rows, file.places).map { row, place in
      guard (try? row.get()) != nil, row.isLabeled != isLabeled, !row.isOpen else { return row }
      let remedy = "; data.rows: labels makes two such answers of a pair"
      let message =
        use == .pairs
        ? "an answer with a label is no pair, which data.rows: pairs asks for"
        : "the row is \(row.isLabeled ? "an answer with a label" : "a pair"), "
          + "unlike the rows from \(first?.1 ?? "") on" + remedy
      return .failure(PluginError(.data, "\(place): \(message)"))
    }
  }

  private static func notes(
    _ rows: [PreferenceFile.Row], _ config: PreferenceConfig, _ use: RowUse, skips: String?
  ) -> [String] {
    let good = rows.compactMap { try? $0.get() }
    let unscored = good.reduce(0) { sum, row in
      if case .scored(let answers) = row.answers { sum + answers.unscored } else { sum }
    }
    let unwanted = use == .chosen ? rows.count(where: \.isUnwanted) : 0
    let isIdle = !rows.contains(where: \.isScored)
    let idle = [("rejected", config.rejected), ("score", config.score)].compactMap {
      isIdle && $1 != nil ? "'data.\($0)'" : nil
    }
    return [
      skips,
      unscored > 0 ? "answers without a score, which are left out: \(unscored)" : nil,
      unwanted > 0 ? "answers that are not wanted, left out by data.rows: \(unwanted)" : nil,
      idle.isEmpty
        ? nil
        : "no row has several scored answers, which \(idle.joined(separator: " and ")) are about",
    ].compactMap { $0 } + RowKeys.notes(good.map(\.unread))
  }
}

extension PreferenceRow {
  /// The row's answer, of two the preferred one first. Which of several scored ones is rejected
  /// follows from the row, the epoch and the seed.
  fileprivate func answers(
    _ choice: RejectedAnswer, _ row: Int, _ epoch: Int, _ seed: UInt64
  ) -> (first: Answer?, rejected: Answer?) {
    switch answers {
    case .pair(let chosen, let rejected): return (chosen, rejected)
    case .scored(let scored):
      var random = RowGenerator(index: row, epoch: epoch, seed: seed)
      return (scored.chosen, scored.rejected(choice, using: &random))
    case .labeled(let answer, _): return (answer, nil)
    case .none: return (nil, nil)
    }
  }

  /// Whether the one answer is wanted; nil where the row has several.
  fileprivate var isWanted: Bool? {
    if case .labeled(_, let isWanted) = answers { isWanted } else { nil }
  }
}

extension Result<PreferenceRow, PluginError> {
  fileprivate var isLabeled: Bool { (try? get())?.isWanted != nil }

  /// Whether the row is a prompt alone.
  fileprivate var isOpen: Bool {
    if case .success(let row) = self, case .none = row.answers { true } else { false }
  }

  fileprivate var isUnwanted: Bool { (try? get())?.isWanted == false }

  fileprivate var isScored: Bool {
    if case .success(let row) = self, case .scored = row.answers { true } else { false }
  }
}

extension [PreferenceFile.Row] {
  /// The rows, those without an answer refused: `use` asks for one.
  fileprivate func answered(_ places: [String], _ use: RowUse) -> [Element] {
    zip(self, places).map { row, place in
      guard row.isOpen else { return row }
      return .failure(
        PluginError(
          .data,
          "\(place): the row is a prompt without an answer, but data.rows: \(use.rawValue) asks "
            + "for one; add the answers, or leave 'data.rows' out"))
    }
  }
}
