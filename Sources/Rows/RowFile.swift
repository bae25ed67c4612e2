import Formats
import JSON
import Tasks
import Tensors

/// Encoded rows in a file, mapped.
///
/// | bytes | what |
/// |---|---|
/// | 128 | magic; sizes of the file, the key and the summary as u64; hash in hexadecimal; zeros |
/// | key | JSON: all that decides the rows (`RowCache`), filled up with blanks |
/// | tokens | u16 where the vocabulary allows, else u32; one sample behind the other |
/// | tables | u32: row, turn, role, length, shared tokens, runs and choices of each sample; the runs; the choices |
/// | weights | f32: of each choice's options |
/// | summary | JSON: counts, sets of options, the statistics |
///
/// Parts begin at multiples of 8; numbers are little-endian. The hash covers what follows the head.
struct RowFile: Sendable {
  /// Why a file is not what it should be.
  struct Fault: Error { let reason: String }

  static let headSize = 128, magic = Array("HOSTROW4".utf8)

  let file: MappedFile
  let key: JSONValue
  let statistics: EncodedDataset.Statistics
  let variesByEpoch: Bool
  let rows: [UInt32], turns: [UInt32], roles: [Sample.Role], lengths: [UInt32]
  let shared: [UInt32]
  private let places: Places
  private let tokenStarts: [Int], spanStarts: [Int], choiceStarts: [Int], weightStarts: [Int]
  private let optionSets: [OptionSet]

  /// Options that choices share.
  struct OptionSet: Sendable, Hashable {
    var options: [String], ids: [Int32]
  }

  /// Where the parts of a file are, in bytes.
  struct Places: Sendable {
    let idSize: Int, tokens: Int, rows: Int, spans: Int, choices: Int, weights: Int
    var idsAt = 0, rowsAt = 0, spansAt = 0, choicesAt = 0, weightsAt = 0, end = 0

    init(_ summary: JSONValue, keySize: Int) throws(Fault) {
      func count(_ name: String) throws(Fault) -> Int {
        guard let count = summary[name]?.int, 0...1 << 40 ~= count else {
          throw Fault(reason: "its summary lacks '\(name)'")
        }
        return count
      }
      (idSize, tokens, rows) = (try count("id_bytes"), try count("tokens"), try count("usable"))
      (spans, choices) = (try count("runs"), try count("choices"))
      weights = try count("weights")
      guard idSize == 2 || idSize == 4 else { throw Fault(reason: "its ids have \(idSize) bytes") }
      idsAt = RowFile.headSize + keySize.padded
      rowsAt = idsAt + (idSize * tokens).padded
      spansAt = rowsAt + (7 * 4 * rows).padded
      choicesAt = spansAt + 8 * spans
      weightsAt = choicesAt + 8 * choices
      end = weightsAt + (4 * weights).padded
    }
  }

  /// Reads what was written at `path` and checks that it fits together; the content's hash is
  /// checked by `ContentHash` at the same time as the sources.
  init(_ file: MappedFile, key: JSONValue, head: Head) throws(Fault) {
    self.file = file
    self.key = key
    let text = file.withBytes(file.count - head.summarySize..<file.count) { Array($0) }
    guard let summary = try? JSONValue(parsing: text),
      let statistics = EncodedDataset.Statistics(summary),
      let varies = summary["varies_by_epoch"]?.bool
    else { throw Fault(reason: "its summary cannot be read") }
    (self.statistics, variesByEpoch) = (statistics, varies)
    let places = try Places(summary, keySize: head.keySize)
    self.places = places
    guard places.end + head.summarySize == file.count else {
      throw Fault(reason: "its parts do not add up to its size")
    }
    func table(_ index: Int) -> [UInt32] {
      file.words(at: places.rowsAt + 4 * places.rows * index, places.rows)
    }
    (rows, turns, lengths, shared) = (table(0), table(1), table(3), table(4))
    roles = table(2).compactMap(Sample.Role.init(rawValue:))
    guard roles.count == rows.count else { throw Fault(reason: "a text has an unknown role") }
    tokenStarts = starts(lengths)
    (spanStarts, choiceStarts) = (starts(table(5)), starts(table(6)))
    let options = try Self.optionSets(summary)
    optionSets = options
    let sets = file.words(at: places.choicesAt, 2 * places.choices)
    let used = stride(from: 1, to: sets.count, by: 2).map { Int(sets[$0]) }
    guard used.allSatisfy(options.indices.contains) else {
      throw Fault(reason: "a choice names options that it lacks")
    }
    weightStarts = starts(used.map { UInt32(options[$0].ids.count) })
    guard tokenStarts.last == places.tokens, spanStarts.last == places.spans,
      choiceStarts.last == places.choices, weightStarts.last == places.weights
    else { throw Fault(reason: "its tables do not add up") }
  }

  private static func optionSets(_ summary: JSONValue) throws(Fault) -> [OptionSet] {
    try (summary["option_sets"]?.array ?? []).map { (set) throws(Fault) in
      let options = (set["options"]?.array ?? []).compactMap(\.string)
      let ids = (set["ids"]?.array ?? []).compactMap(\.int).map { Int32(truncatingIfNeeded: $0) }
      guard options.count == ids.count else { throw Fault(reason: "a set of options is broken") }
      return OptionSet(options: options, ids: ids)
    }
  }

  /// Sample `index` of the usable ones; `source` is what errors call it.
  func sample(_ index: Int, source: String) -> Sample {
    let range = tokenStarts[index]..<tokenStarts[index + 1]
    var isTrained = [Bool](repeating: false, count: range.count)
    let firstRun = spanStarts[index], runs = spanStarts[index + 1] - firstRun
    let spans = file.words(at: places.spansAt + 8 * firstRun, 2 * runs)
    for run in 0..<runs {
      for place in Int(spans[2 * run])..<Int(spans[2 * run + 1]) { isTrained[place] = true }
    }
    let choices = (choiceStarts[index]..<choiceStarts[index + 1]).map(choice)
    return Sample(
      ids: ids(range), isTrained: isTrained, source: source, choices: choices, role: roles[index])
  }

  private func ids(_ range: Range<Int>) -> [Int32] {
    let start = places.idsAt + places.idSize * range.lowerBound
    return file.withBytes(start..<start + places.idSize * range.count) { bytes in
      places.idSize == 2
        ? bytes.assumingMemoryBound(to: UInt16.self).map { Int32(UInt16(littleEndian: $0)) }
        : bytes.assumingMemoryBound(to: Int32.self).map { Int32(littleEndian: $0) }
    }
  }

  private func choice(_ index: Int) -> Sample.Alternatives {
    let entry = file.words(at: places.choicesAt + 8 * index, 2)
    let set = optionSets[Int(entry[1])]
    let weights = file.words(at: places.weightsAt + 4 * weightStarts[index], set.ids.count)
    return Sample.Alternatives(
      place: Int(entry[0]), options: set.options, ids: set.ids,
      weights: weights.map(Float.init(bitPattern:)))
  }
}

/// Where each row's elements begin, and where the last one's end.
private func starts(_ counts: [UInt32]) -> [Int] {
  var starts = [0], sum = 0
  starts.reserveCapacity(counts.count + 1)
  for count in counts {
    sum += Int(count)
    starts.append(sum)
  }
  return starts
}

extension MappedFile {
  /// `count` little-endian numbers from byte `start`, a multiple of 4.
  fileprivate func words(at start: Int, _ count: Int) -> [UInt32] {
    withBytes(start..<start + 4 * count) { bytes in
      bytes.assumingMemoryBound(to: UInt32.self).map { UInt32(littleEndian: $0) }
    }
  }
}

extension Int {
  /// The next multiple of 8.
  var padded: Int { (self + 7) / 8 * 8 }
}
