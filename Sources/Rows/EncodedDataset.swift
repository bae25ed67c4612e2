import Formats
import Models
import Tasks

/// A dataset's rows as token ids.
///
/// A first pass over the data finds the usable rows. Where the dataset says which files it comes
/// from, and a cache is at hand, that pass is kept: the next run maps its file, checks it, and need
/// not even open the dataset. Otherwise rows are read and encoded where they are used. A row may
/// differ from epoch to epoch (another annotator, another wording); of such a dataset the first
/// epoch is kept alone.
public struct EncodedDataset: Sendable {
  /// A row left out, or cut, and why.
  public struct Skipped: Sendable, Hashable {
    public let row: Int, length: Int, reason: String
  }

  /// What the first pass saw.
  public struct Statistics: Sendable, Hashable {
    /// Tokens and trained tokens of the usable samples; the longest of them.
    public var tokens = 0, trainedTokens = 0, longest = 0
    /// Rows left out or cut.
    public var skipped: [Skipped] = []
    /// SHA-256 of the usable samples' ids and targets.
    public var digest = ""
    /// What the chat template left out of the trained turns, and of how many rows.
    public var omission = Omission(), omittingRows = 0
    /// What the dataset wants the user to know of its rows.
    public var notes: [String] = []
  }

  /// What is heard while the rows are opened.
  public enum Event: Sendable, Hashable {
    /// So many rows of so many are read and encoded.
    case reading(Int, of: Int)
    /// A sentence for the user.
    case note(String)
  }

  /// Where the rows are read from.
  public enum Origin: Sendable, Hashable {
    /// The file that an earlier run has kept.
    case cache(String)
    /// The dataset; they are in the file now, for the next run.
    case kept(String)
    /// The dataset; nothing is kept, since there is no cache or for a reason.
    case dataset(reason: String?)
  }

  let source: LazyDataset
  let encoding: RowEncoding
  private var usable: [UInt32] = [], turns: [UInt32] = [], roles: [Sample.Role] = []
  private var lengths: [UInt32] = [], shared: [UInt32] = []
  /// The first sample of each row.
  private var starts: [Int] = []
  /// The frames of each clip, of those usable rows that have clips.
  private var clips: [[Int]] = []
  private var file: RowFile?
  /// What the first pass saw.
  public private(set) var statistics = Statistics()
  /// Whether later epochs may have other rows, of which the digest then tells nothing.
  public private(set) var variesByEpoch = false
  /// Where the rows are read from.
  public private(set) var origin = Origin.dataset(reason: nil)

  /// Reads and encodes every row once, as epoch 0. Errors of the data surface here, before the first
  /// step.
  public init(
    _ dataset: any Dataset, name: String, encoder: ConversationEncoder,
    kind: RowKind = .texts, assistantTurns: AssistantTurns = .asRendered, maximumLength: Int,
    policy: TrainingRecipe.Overlength, seed: UInt64, cache: RowCache? = nil,
    hear: (Event) -> Void = { _ in }
  ) throws(TaskError) {
    let opened = try Self(
      name: name, encoder: encoder, kind: kind, assistantTurns: assistantTurns,
      maximumLength: maximumLength, policy: policy, seed: seed, cache: cache, hear: hear
    ) { dataset }
    guard let opened else { throw TaskError(.internal, "\(name): the dataset has gone") }
    self = opened
  }

  /// The rows that `open` gives, from `cache` where they are there and good: `open` is then called
  /// only if a row is asked for that was not kept. nil when `open` says that there are none. Once
  /// `isCancelled` says so, reading ends with an error, and nothing is kept.
  public init?(
    name: String, encoder: ConversationEncoder, kind: RowKind = .texts,
    assistantTurns: AssistantTurns = .asRendered, maximumLength: Int,
    policy: TrainingRecipe.Overlength, seed: UInt64, cache: RowCache?,
    hear: (Event) -> Void = { _ in },
    isCancelled: () -> Bool = { false },
    open: @escaping @Sendable () throws(TaskError) -> (any Dataset)?
  ) throws(TaskError) {
    encoding = RowEncoding(
      name: name, encoder: encoder, kind: kind, assistantTurns: assistantTurns,
      maximumLength: maximumLength, policy: policy, seed: seed)
    source = LazyDataset(name, open: open)
    if let cache,
      let found = cache.find(cache.request(encoding), note: { hear(.note($0)) })
    {
      use(found)
      origin = .cache(found.file.path)
      return
    }
    guard let dataset = try source.dataset() else { return nil }
    statistics.notes = dataset.notes
    variesByEpoch = dataset.variesByEpoch
    var keeper = RowKeeper(dataset, encoding, cache)
    try read(dataset, &keeper) { (done: Int) throws(TaskError) in
      if isCancelled() {
        throw TaskError(.cancelled, "\(name): interrupted after \(done) of \(dataset.count) rows")
      }
      hear(.reading(done, of: dataset.count))
    }
    try refuseOverlength(of: dataset.count)
    guard !usable.isEmpty else {
      throw TaskError(.data, "\(name): no usable row of \(dataset.count); see max_length")
    }
    if let file = keeper.finish(statistics) {
      use(file)
      origin = .kept(file.file.path)
    } else {
      origin = .dataset(reason: keeper.reason)
      if let fault = keeper.fault { hear(.note("\(name): the rows are not kept: \(fault)")) }
    }
  }

  private mutating func use(_ file: RowFile) {
    (usable, turns, roles, lengths) = (file.rows, file.turns, file.roles, file.lengths)
    shared = file.shared
    starts = roles.indices.filter { roles[$0] != .rejected }
    (statistics, variesByEpoch) = (file.statistics, file.variesByEpoch)
    self.file = file
  }

  private mutating func read(
    _ dataset: any Dataset, _ keeper: inout RowKeeper, _ progress: (Int) throws(TaskError) -> Void
  ) throws(TaskError) {
    var digest = RunningDigest()
    try RowPass(dataset: dataset, encoding: encoding).forEachBlock {
      (block, done) throws(TaskError) in
      usable += block.rows
      turns += block.turns
      roles += block.roles.compactMap(Sample.Role.init(rawValue:))
      lengths += block.lengths
      shared += block.shared
      clips += block.clips
      block.digested.withUnsafeBytes { digest.update($0) }
      statistics.add(block)
      keeper.append(block)
      try progress(done)
    }
    statistics.digest = digest.finish().sha256
    starts = roles.indices.filter { roles[$0] != .rejected }
  }

  /// What errors call the rows.
  public var name: String { encoding.name }

  /// The number of usable rows: texts, trained turns, or pairs of texts.
  public var count: Int { starts.count }

  /// Row `index`'s samples among all.
  private func samples(of index: Int) -> Range<Int> {
    starts[index]..<(index + 1 < starts.count ? starts[index + 1] : usable.count)
  }

  /// The lengths of the `count` longest texts, the longest first.
  public func longestTexts(_ count: Int) -> [Int] {
    lengths.sorted(by: >).prefix(count).map { Int($0) }
  }

  /// What a row has to be computed for: tokens, of a pair both texts', and how many of them its texts
  /// begin with alike.
  public struct Size: Sendable, Hashable {
    /// The tokens of all texts; those that the second begins with as the first does.
    public let tokens: Int, shared: Int

    /// Describes a row.
    public init(tokens: Int, shared: Int = 0) {
      self.tokens = tokens
      self.shared = shared
    }
  }

  /// The sizes of the `count` longest rows, the longest first. With `sharing`, what a pair's texts
  /// begin with counts once.
  public func longestRows(_ count: Int, sharing: Bool = false) -> [Size] {
    let sizes = starts.indices.map { row in
      samples(of: row).reduce(Size(tokens: 0)) {
        Size(
          tokens: $0.tokens + Int(lengths[$1]), shared: $0.shared + (sharing ? Int(shared[$1]) : 0))
      }
    }
    return Array(sizes.sorted { $0.tokens - $0.shared > $1.tokens - $1.shared }.prefix(count))
  }

  /// The clips of the `count` rows that have most of them, the longest clip, all clips together.
  public func sound(ofRows count: Int) -> Sound {
    let rows = clips.map { $0.reduce(0, +) }
    return Sound(
      frames: rows.sorted(by: >).prefix(count).reduce(0, +),
      longest: clips.compactMap { $0.max() }.max() ?? 0, all: rows.reduce(0, +))
  }

  /// The texts of row `index` of the usable ones, as epoch `epoch` has them: one, or a pair's two.
  public func texts(_ index: Int, epoch: Int) throws(TaskError) -> [Sample] {
    try samples(of: index).map { (sample) throws(TaskError) in
      try self.sample(sample, epoch: epoch)
    }
  }

  /// Sample `index` of all.
  func sample(_ index: Int, epoch: Int) throws(TaskError) -> Sample {
    let row = Int(usable[index]), turn = turns[index] == 0 ? nil : Int(turns[index]) - 1
    let label = encoding.label(ofRow: row), role = roles[index]
    if let file, epoch == 0 || !file.variesByEpoch {
      return file.sample(
        index, source: ConversationEncoder.label(label, turn: turn, role: role))
    }
    let sample = try encoding.encoder.sample(
      source.example(at: row, epoch: epoch, seed: encoding.seed), turn: turn, role: role,
      label: label)
    let kept = encoding.shortened(sample)
    if let kept, encoding.policy == .truncate || kept.ids.count == sample.ids.count { return kept }
    throw TaskError(
      .data,
      "\(sample.source): \(sample.ids.count) tokens in epoch \(epoch), but max_length is "
        + "\(encoding.maximumLength)"
        + (encoding.policy == .truncate
          ? ", which leaves no trained token; raise it"
          : "; raise it or set on_overlength: truncate"))
  }

  /// Row `index` of the usable ones as the dataset has it.
  public func example(_ index: Int, epoch: Int) throws(TaskError) -> Example {
    try source.example(at: Int(usable[starts[index]]), epoch: epoch, seed: encoding.seed)
  }

  private func refuseOverlength(of rows: Int) throws(TaskError) {
    guard encoding.policy == .error, !statistics.skipped.isEmpty else { return }
    let tooLong = Set(statistics.skipped.map(\.row)).count
    let shown = statistics.skipped.prefix(8).map { "row \($0.row) (\($0.length) tokens)" }
    let rest = statistics.skipped.count - shown.count
    throw TaskError(
      .data,
      "\(encoding.name): \(tooLong) of \(rows) rows are longer than max_length "
        + "\(encoding.maximumLength): " + shown.joined(separator: ", ")
        + (rest > 0 ? " and \(rest) more" : "")
        + "; raise training_args.max_length, or set training_args.on_overlength to drop or truncate"
    )
  }
}
