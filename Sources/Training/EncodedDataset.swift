import Formats
import Models
import Tasks

/// What happens to a row longer than `max_length`.
public enum OverlengthPolicy: String, Sendable, CaseIterable {
  case error, drop, truncate
}

/// A dataset's rows as token ids, read and encoded where they are used.
///
/// A row may differ from epoch to epoch (another annotator, another wording), so nothing is kept but
/// the list of usable rows, which a first pass over the data finds.
public struct EncodedDataset: Sendable {
  /// A row left out, or cut, and why.
  public struct Skipped: Sendable, Hashable {
    public let row: Int, length: Int, reason: String
  }

  /// What the first pass saw.
  public struct Statistics: Sendable, Hashable {
    /// Tokens and trained tokens of the usable rows; the longest of them.
    public var tokens = 0, trainedTokens = 0, longest = 0
    /// Rows left out or cut.
    public var skipped: [Skipped] = []
    /// SHA-256 of the usable rows' ids and targets.
    public var digest = ""
  }

  let dataset: any Dataset
  let encoder: ConversationEncoder
  let name: String
  let maximumLength: Int
  let policy: OverlengthPolicy
  let seed: UInt64
  private var usable: [Int] = [], lengths: [Int] = []
  /// The frames of each usable row's clips.
  private var clips: [[Int]] = []
  /// What the first pass saw.
  public private(set) var statistics = Statistics()

  /// Reads and encodes every row once, as epoch 0. Errors of the data surface here, before the first
  /// step. `progress` hears the number of rows done.
  public init(
    _ dataset: any Dataset, name: String, encoder: ConversationEncoder, maximumLength: Int,
    policy: OverlengthPolicy, seed: UInt64, progress: (Int) -> Void = { _ in }
  ) throws(TaskError) {
    self.dataset = dataset
    self.encoder = encoder
    self.name = name
    self.maximumLength = maximumLength
    self.policy = policy
    self.seed = seed
    var bytes: [UInt8] = []
    for row in 0..<dataset.count {
      let sample = try encode(row, epoch: 0)
      if sample.ids.count > maximumLength, policy != .truncate {
        skip(row, sample.ids.count, "longer than max_length")
      } else if let kept = shortened(sample) {
        usable.append(row)
        lengths.append(kept.ids.count)
        clips.append(kept.media.map { AudioClip.frames(columns: $0.features.shape[1]) })
        kept.appendBytes(to: &bytes)
        statistics.tokens += kept.ids.count
        statistics.trainedTokens += kept.isTrained.count { $0 }
        statistics.longest = max(statistics.longest, kept.ids.count)
        if kept.ids.count < sample.ids.count { skip(row, sample.ids.count, "truncated") }
      } else {
        skip(row, sample.ids.count, "no trained token is left after truncation")
      }
      progress(row + 1)
    }
    statistics.digest = FileDigest(of: bytes).sha256
    try refuseOverlength()
    guard !usable.isEmpty else {
      throw TaskError(.data, "\(name): no usable row of \(dataset.count); see max_length")
    }
  }

  /// The number of usable rows.
  public var count: Int { usable.count }

  /// The lengths of the `count` longest rows, the longest first.
  public func longestRows(_ count: Int) -> [Int] {
    Array(lengths.sorted(by: >).prefix(count))
  }

  /// The clips of the `count` rows that have most of them, the longest clip, all clips together.
  public func sound(ofRows count: Int) -> MemoryPlan.Sound {
    let rows = clips.map { $0.reduce(0, +) }
    return MemoryPlan.Sound(
      frames: rows.sorted(by: >).prefix(count).reduce(0, +),
      longest: clips.compactMap { $0.max() }.max() ?? 0, all: rows.reduce(0, +))
  }

  /// Row `index` of the usable ones, as epoch `epoch` has it.
  public func sample(_ index: Int, epoch: Int) throws(TaskError) -> Sample {
    let row = usable[index], sample = try encode(row, epoch: epoch)
    guard let kept = shortened(sample), policy == .truncate || kept.ids.count == sample.ids.count
    else {
      throw TaskError(
        .data,
        "\(name) row \(row): \(sample.ids.count) tokens in epoch \(epoch), but max_length is "
          + "\(maximumLength); raise it or set on_overlength: truncate")
    }
    return kept
  }

  /// Row `index` of the usable ones as the dataset has it.
  public func example(_ index: Int, epoch: Int) throws(TaskError) -> Example {
    try dataset.example(at: usable[index], epoch: epoch, seed: seed)
  }

  private func encode(_ row: Int, epoch: Int) throws(TaskError) -> Sample {
    try encoder.sample(
      dataset.example(at: row, epoch: epoch, seed: seed), label: "\(name) row \(row)")
  }

  /// The sample, cut to the maximum length; nil when no trained token is left.
  private func shortened(_ sample: Sample) -> Sample? {
    guard sample.ids.count > maximumLength else { return sample }
    let cut = sample.prefix(maximumLength)
    return cut.isTrained.contains(true) ? cut : nil
  }

  private mutating func skip(_ row: Int, _ length: Int, _ reason: String) {
    statistics.skipped.append(Skipped(row: row, length: length, reason: reason))
  }

  private func refuseOverlength() throws(TaskError) {
    guard policy == .error, !statistics.skipped.isEmpty else { return }
    let shown = statistics.skipped.prefix(8).map { "row \($0.row) (\($0.length) tokens)" }
    let rest = statistics.skipped.count - shown.count
    throw TaskError(
      .data,
      "\(name): \(statistics.skipped.count) of \(dataset.count) rows are longer than max_length "
        + "\(maximumLength): " + shown.joined(separator: ", ")
        + (rest > 0 ? " and \(rest) more" : "")
        + "; raise training_args.max_length, or set training_args.on_overlength to drop or truncate"
    )
  }
}

extension Sample {
  /// Ids and targets as bytes, little-endian, for a digest.
  fileprivate func appendBytes(to bytes: inout [UInt8]) {
    for (id, isTrained) in zip(ids, isTrained) {
      let value = UInt32(bitPattern: id)
      for shift in stride(from: UInt32(0), to: 32, by: 8) {
        bytes.append(UInt8(truncatingIfNeeded: value >> shift))
      }
      bytes.append(isTrained ? 1 : 0)
    }
    for clip in media {
      let features = clip.features.values.withUnsafeBytes { Array($0) }
      bytes += Array(FileDigest(of: features).sha256.utf8)
    }
    for choice in choices {
      choice.weights.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }
  }
}
