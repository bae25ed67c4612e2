import TaskKit

/// Clips with the ratings of several annotators, as questions about one dimension or all.
///
/// Training rows draw what the options leave open (dimension, wording, annotator) anew in each
/// epoch. Held-out rows draw nothing: there is one for every rated dimension, those of a clip stand
/// together, the wording is the standard one and the target the annotators' mean, rounded.
struct DramaDataset: Dataset {
  static let name = "speech_drama.ratings"
  static let summary = "Clips of acted speech with annotators' ratings, from JSONL."

  /// What a row asks of its record.
  enum Asked: Sendable, Hashable { case drawn, one(Dimension), all, choice }
  struct Row: Sendable, Hashable {
    var record: Int, asked: Asked
  }

  private let records: [Record]
  let rows: [Row]
  private let options: DramaOptions
  private let answers: AnswerBuilder
  private let isTraining: Bool
  private let prompts: PromptBuilder
  private let reader: any ClipReader
  /// Which clip is heard in place of which; nil where each is heard itself.
  private let heard: [String: String]?

  init?(config: DramaConfig, split: Split, host: HostServices) throws {
    let reader = FrontReader(config.audio ?? AudioSettings(), host: host)
    try self.init(config, split, host, reader: reader)
  }

  init?(_ config: DramaConfig, _ split: Split, _ host: HostServices, reader: some ClipReader) throws
  {
    let options = try DramaOptions(config)
    guard let all = try DramaSplit.records(split, config, kind: options.kind) else { return nil }
    isTraining = split == .train
    self.options = options
    self.reader = reader
    prompts = try PromptBuilder(
      folder: options.prompts, kinds: Set(all.map(\.kind)), context: options.context)
    answers = AnswerBuilder(
      annotators: isTraining ? options.annotators : .mean,
      writesThought: isTraining || options.givesThought)
    let asked = all.filter { !Self.asked($0, options).isEmpty || $0.question != nil }
    let usable = try ClipCheck(asked, reader: reader, host: host)
      .usable(asked, options.onBadAudio, split, host: host)
    for record in usable { try answers.check(record, isTraining: isTraining) }
    let records = isTraining ? usable : Self.groupedByClip(usable)
    self.records = records
    rows = records.indices.flatMap {
      Self.rows($0, records[$0], options, isTraining: split == .train)
    }
    let clips = Self.clips(records)
    heard =
      options.shufflesAudio && !isTraining
      ? try Derangement.of(clips, seed: options.seed) : nil
    guard !rows.isEmpty else {
      throw PluginError(
        .data,
        "the \(split.rawValue) split has no row: of \(all.count) records \(asked.count) have a "
          + "rating that is asked for, and \(usable.count) of these a usable clip")
    }
    host.log(
      .info,
      "\(split.rawValue): \(rows.count) rows of \(records.count) records, \(clips.count) clips; "
        + "\(all.count - asked.count) records without a rating that is asked for left out")
  }

  var count: Int { rows.count }

  var notes: [String] { UnreadKeys.notes(records.lazy.map(\.unread)) }

  func example(at index: Int, epoch: Int, seed: UInt64) throws -> Example {
    let row = rows[index], record = records[row.record]
    var random = RowGenerator(index: index, epoch: epoch, seed: seed)
    var example = try asked(row.asked, record, &random)
    let path = record.clip.path, source = heard?[path] ?? path
    example.tensors[PromptBuilder.clip] = try reader.features(
      at: source, perturbedAt: isTraining ? RowPlace(index: index, epoch: epoch, seed: seed) : nil)
    return example
  }

  /// The row without its features.
  private func asked(
    _ asked: Asked, _ record: Record, _ random: inout RowGenerator
  ) throws -> Example {
    let dimensions = Self.asked(record, options)
    switch asked {
    case .drawn:
      let drawn = dimensions.randomElement(using: &random)!
      return try self.asked(.one(drawn), record, &random)
    case .one(let dimension):
      let wording =
        isTraining && record.kind.varies
        ? prompts.wording(of: dimension, in: record.kind.family, using: &random) : .standard
      return try example(
        record, prompts.turn(record, asking: dimension, wording),
        answers.answer(record, dimension, using: &random), dimension.choices, [dimension])
    case .all:
      let (answer, order) = answers.answer(record, all: dimensions, using: &random)
      let named = dimensions.filter(order.contains)
      return try example(
        record, prompts.turn(record, askingAll: named), answer, order[0].choices, order)
    case .choice:
      guard let question = record.question else { break }
      return try example(
        record, prompts.turn(question), answers.answer(question), question.choices, [])
    }
    throw PluginError(.internal, "\(record.place): a row asks what its record has not")
  }

  private func example(
    _ record: Record, _ turn: Turn, _ answer: Turn, _ choices: [String],
    _ dimensions: [Dimension]
  ) throws -> Example {
    let path = record.clip.path
    let metadata = RowMetadata(
      id: record.id, clip: path, heard: heard?[path], dataset: record.kind.rawValue,
      questions: dimensions.map { RowMetadata.Question($0, record.ratings[$0.key] ?? []) },
      correct: record.question?.correct, category: record.question?.category,
      character_profile: record.context[.profile], character_style: record.context[.traits],
      data_source: record.dataSource)
    return Example(turns: [turn, answer], metadata: try JSON(encoding: metadata), choices: choices)
  }
}

extension DramaDataset {
  /// The rated dimensions that the options ask for.
  private static func asked(_ record: Record, _ options: DramaOptions) -> [Dimension] {
    record.ratedDimensions.filter { options.only?.contains($0.key) ?? true }
  }

  private static func rows(
    _ index: Int, _ record: Record, _ options: DramaOptions, isTraining: Bool
  ) -> [Row] {
    if record.question != nil { return [Row(record: index, asked: .choice)] }
    if record.kind.asksAll { return [Row(record: index, asked: .all)] }
    if isTraining, options.dimensions == .draw { return [Row(record: index, asked: .drawn)] }
    return asked(record, options).map { Row(record: index, asked: .one($0)) }
  }

  /// The clips in the order of their first record.
  private static func clips(_ records: [Record]) -> [String] {
    var seen: Set<String> = []
    return records.map(\.clip.path).filter { seen.insert($0).inserted }
  }

  /// The records of a clip one after the other, so that a judge hears it once.
  private static func groupedByClip(_ records: [Record]) -> [Record] {
    let groups = Dictionary(grouping: records, by: \.clip.path)
    return clips(records).flatMap { groups[$0] ?? [] }
  }
}
