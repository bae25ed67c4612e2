import Formats
import JSON
import Tasks
import Tensors

/// Writes a `RowFile` under a name of its own and renames it into place: nobody ever maps half a
/// file, and of two processes that write the same one the later wins. Nothing is synced, since a
/// file that the power took is noticed by its hash.
final class RowFileWriter {
  /// The ending of unfinished files.
  static let partialSuffix = ".partial"

  private let file: NewFile
  private let keySize: Int, idSize: Int, limit: Int
  private var size = 0
  private var rows: [UInt32] = [], turns: [UInt32] = [], roles: [UInt32] = []
  private var lengths: [UInt32] = [], shared: [UInt32] = []
  private var spanCounts: [UInt32] = [], choiceCounts: [UInt32] = []
  private var spans: [UInt32] = [], choices: [UInt32] = [], weights: [UInt32] = []
  private var sets: [RowFile.OptionSet: Int] = [:], orderedSets: [RowFile.OptionSet] = []
  private var tokens = 0

  /// Begins the file that will be `path`; ids are smaller than `vocabulary`.
  init(_ path: String, key: JSONValue, vocabulary: Int, limit: Int) throws(RowFile.Fault) {
    self.limit = limit
    idSize = vocabulary <= 1 << 16 ? 2 : 4
    file = try Self.writing { () throws(FormatError) in
      try NewFile(path, at: RowCache.partialPath(of: path), isPrivate: true)
    }
    let bytes = Array(key.text(.pretty).utf8)
    keySize = bytes.count
    try put([UInt8](repeating: 0, count: RowFile.headSize))
    try put(bytes.padded(with: UInt8(ascii: " ")))
  }

  /// Appends rows; they must not have clips.
  func append(_ block: EncodedBlock) throws(RowFile.Fault) {
    rows += block.rows
    turns += block.turns
    roles += block.roles
    lengths += block.lengths
    shared += block.shared
    spanCounts += block.spanCounts
    spans += block.spans
    choiceCounts += block.choiceCounts
    for choice in block.choices {
      let set = RowFile.OptionSet(options: choice.options, ids: choice.ids)
      choices += [UInt32(choice.place), UInt32(number(of: set))]
      weights += choice.weights.map(\.bitPattern)
    }
    tokens += block.ids.count
    if idSize == 2 {
      try put(block.ids.map { UInt16(truncatingIfNeeded: $0).littleEndian })
    } else {
      try put(block.ids.map(\.littleEndian))
    }
  }

  private func number(of set: RowFile.OptionSet) -> Int {
    if let number = sets[set] { return number }
    sets[set] = orderedSets.count
    orderedSets.append(set)
    return orderedSets.count - 1
  }

  /// Completes the file.
  func finish(_ statistics: EncodedDataset.Statistics, variesByEpoch: Bool) throws(RowFile.Fault) {
    try put([UInt8](repeating: 0, count: (idSize * tokens).padded - idSize * tokens))
    try put(
      (rows + turns + roles + lengths + shared + spanCounts + choiceCounts).map(\.littleEndian)
        .padded(with: 0))
    try put((spans + choices + weights.padded(with: 0)).map(\.littleEndian))
    let summary = statistics.json
      .setting("varies_by_epoch", .bool(variesByEpoch)).setting("id_bytes", .int(idSize))
      .setting("usable", .int(rows.count)).setting("runs", .int(spans.count / 2))
      .setting("choices", .int(choices.count / 2)).setting("weights", .int(weights.count))
      .setting("option_sets", .array(orderedSets.map(\.json)))
    let text = Array(summary.text(.pretty).utf8)
    try put(text)
    let content: MappedFile
    do { content = try MappedFile(path: file.location) } catch {
      throw RowFile.Fault(reason: error.reason)
    }
    let head = RowFile.Head(
      fileSize: size, keySize: keySize, summarySize: text.count, hash: ContentHash(file: content)())
    try Self.writing { () throws(FormatError) in
      try file.overwriteStart(head.bytes)
      try file.takeName(isDurable: false)
    }
  }

  private func put<Element: BitwiseCopyable>(_ elements: [Element]) throws(RowFile.Fault) {
    size += MemoryLayout<Element>.stride * elements.count
    guard size <= limit else {
      throw RowFile.Fault(reason: "they take more than \(limit >> 20) MiB")
    }
    try Self.writing { () throws(FormatError) in
      try elements.withUnsafeBytes { bytes in
        Result { () throws(FormatError) in try file.append(bytes) }
      }.get()
    }
  }

  /// Does `body`; what the system has against it is a fault of the file.
  private static func writing<Result>(
    _ body: () throws(FormatError) -> Result
  ) throws(RowFile.Fault) -> Result {
    do { return try body() } catch { throw RowFile.Fault(reason: error.message) }
  }
}

extension RowFile.OptionSet {
  fileprivate var json: JSONValue {
    ["options": .array(options.map(JSONValue.string)), "ids": .array(ids.map { .int(Int($0)) })]
  }
}

extension Array where Element: FixedWidthInteger {
  /// Filled up with `element` to a multiple of 8 bytes.
  fileprivate func padded(with element: Element) -> [Element] {
    let size = MemoryLayout<Element>.stride * count
    return self
      + Array(repeating: element, count: (size.padded - size) / MemoryLayout<Element>.stride)
  }
}
