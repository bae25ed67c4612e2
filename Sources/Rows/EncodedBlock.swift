import Formats
import Models
import Tasks

/// Consecutive rows, encoded: what is kept of them, and what statistics need. Rows that cannot be
/// used are left out.
struct EncodedBlock: Sendable {
  /// The usable samples' rows in the dataset and turns (from 1; 0 stands for the whole row), what they
  /// are in their rows, and their lengths.
  private(set) var rows: [UInt32] = [], turns: [UInt32] = [], roles: [UInt32] = []
  private(set) var lengths: [UInt32] = []
  /// How many tokens a pair's rejected text begins with as the chosen one does; 0 for other texts.
  private(set) var shared: [UInt32] = []
  /// What the chat template left out of the trained turns, and of how many rows.
  private(set) var omission = Omission(), omittingRows = 0
  /// Their tokens, one row behind the other.
  private(set) var ids: [Int32] = []
  /// How many runs of trained tokens each row has; the runs' first places and ends within the row.
  private(set) var spanCounts: [UInt32] = [], spans: [UInt32] = []
  /// How many places of choices each row has, and the places.
  private(set) var choiceCounts: [UInt32] = [], choices: [Sample.Alternatives] = []
  /// The frames of each clip, of those usable rows that have clips.
  private(set) var clips: [[Int]] = []
  private(set) var trainedTokens = 0
  private(set) var skipped: [EncodedDataset.Skipped] = []
  /// Ids and targets as the digest of a dataset reads them.
  private(set) var digested: [UInt8] = []
  /// What ended the block before its last row.
  private(set) var error: TaskError?

  /// Reads and encodes `range` of the dataset's rows as epoch 0.
  init(_ range: Range<Int>, of dataset: any Dataset, _ encoding: RowEncoding) {
    for row in range {
      do throws(TaskError) {
        let samples = try encoding.samples(row, of: dataset, epoch: 0)
        // The texts of a pair are used together or not at all.
        let rows = encoding.kind == .pairs ? [samples] : samples.map { [$0] }
        for texts in rows { add(row, texts, encoding) }
        if samples.contains(where: { $0.sample.omission.turns > 0 }) { omittingRows += 1 }
      } catch {
        self.error = error
        return
      }
    }
  }

  private mutating func add(
    _ row: Int, _ texts: [(turn: Int?, sample: Sample)], _ encoding: RowEncoding
  ) {
    for text in texts { omission += text.sample.omission }
    let length = texts.map(\.sample.ids.count).max() ?? 0
    func skip(_ reason: String) {
      skipped.append(EncodedDataset.Skipped(row: row, length: length, reason: reason))
    }
    switch encoding.usable(texts.map(\.sample)) {
    case .whole: keep(row, texts)
    case .cut(let samples):
      keep(row, zip(texts, samples).map { ($0.turn, $1) })
      skip("truncated")
    case .refused(let reason): skip(reason)
    }
  }

  private mutating func keep(_ row: Int, _ texts: [(turn: Int?, sample: Sample)]) {
    for (turn, sample) in texts {
      let isSecond = sample.role == .rejected
      shared.append(isSecond ? UInt32(commonStart(texts[0].sample, sample)) : 0)
      keep(row, turn, sample)
    }
  }

  private mutating func keep(_ row: Int, _ turn: Int?, _ sample: Sample) {
    rows.append(UInt32(row))
    turns.append(turn.map { UInt32($0 + 1) } ?? 0)
    roles.append(sample.role.rawValue)
    lengths.append(UInt32(sample.ids.count))
    ids += sample.ids
    let runs = sample.trainedRuns
    spanCounts.append(UInt32(runs.count))
    for run in runs {
      spans += [UInt32(run.lowerBound), UInt32(run.upperBound)]
      trainedTokens += run.count
    }
    choiceCounts.append(UInt32(sample.choices.count))
    choices += sample.choices
    if !sample.media.isEmpty {
      clips.append(sample.media.map { AudioClip.frames(columns: $0.features.shape[1]) })
    }
    sample.appendBytes(to: &digested)
  }
}

/// How many tokens two texts begin with alike; 0 where they have other clips.
private func commonStart(_ one: Sample, _ other: Sample) -> Int {
  one.media == other.media ? zip(one.ids, other.ids).prefix { $0 == $1 }.count : 0
}

extension Sample {
  /// The runs of trained tokens.
  fileprivate var trainedRuns: [Range<Int>] {
    var runs: [Range<Int>] = [], start: Int?
    for (place, isTrained) in isTrained.enumerated() where isTrained != (start != nil) {
      if let first = start { runs.append(first..<place) }
      start = isTrained ? place : nil
    }
    if let first = start { runs.append(first..<isTrained.count) }
    return runs
  }

  /// Ids and targets as bytes, little-endian, for a digest.
  fileprivate func appendBytes(to bytes: inout [UInt8]) {
    bytes.reserveCapacity(bytes.count + 5 * ids.count)
    for (id, isTrained) in zip(ids, isTrained) {
      withUnsafeBytes(of: id.littleEndian) { bytes.append(contentsOf: $0) }
      bytes.append(isTrained ? 1 : 0)
    }
    for clip in media {
      let features = clip.features.values.withUnsafeBytes { FileDigest(of: $0) }
      bytes += Array(features.sha256.utf8)
    }
    for choice in choices {
      choice.weights.withUnsafeBytes { bytes.append(contentsOf: $0) }
    }
  }
}
