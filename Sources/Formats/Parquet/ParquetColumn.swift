/// The values of a column in one row group, and the levels that say how they nest.
struct ParquetColumn {
  private let node: ParquetNode, leaf: ParquetNode.Leaf
  /// A level each for every value and every absence; empty where all are the same.
  private var definitions: [UInt8] = [], repetitions: [UInt8] = []
  private var values: [ParsedJSON] = []
  private var dictionary: [ParsedJSON] = []
  private let count: Int
  /// Where reading stands, among the levels and among the values.
  private var place = 0, next = 0

  /// The most values of a column in a row group: what a damaged file says is not allotted.
  static let mostValues = 1 << 26

  /// Reads the column of `chunk` (ColumnMetaData) in the file `bytes`.
  init(
    _ node: ParquetNode, _ leaf: ParquetNode.Leaf, _ chunk: ThriftValue,
    in bytes: UnsafeRawBufferPointer
  ) throws(ParquetError) {
    self.node = node
    self.leaf = leaf
    if let fault = leaf.fault {
      throw ParquetError("holds \(fault), which are not read; leave the column out")
    }
    guard let codec = chunk[4]?.int, let count = chunk[5]?.int, count >= 0,
      let data = chunk[9]?.int
    else { throw ParquetError("is not described whole; the file is damaged") }
    guard count <= Self.mostValues else {
      throw ParquetError(
        "has \(count) values in one row group; write the file anew with smaller row groups")
    }
    self.count = count
    let dictionary = chunk[11]?.int ?? 0
    let start = dictionary > 0 ? min(dictionary, data) : data
    guard 0...bytes.count ~= start else { throw ParquetError.truncated }
    var cursor = ByteCursor(UnsafeRawBufferPointer(rebasing: bytes[start...])), seen = 0
    while seen < count { seen += try readPage(&cursor, codec, count - seen) }
  }

  /// Reads a page; gives how many values and absences it has.
  private mutating func readPage(
    _ cursor: inout ByteCursor, _ codec: Int, _ most: Int
  ) throws(ParquetError) -> Int {
    let head = try ParquetPage(try ThriftValue(&cursor))
    let body = try cursor.take(head.compressedSize)
    switch head.kind {
    case .dictionary(let count):
      var fault: ParquetError?
      dictionary = try ParquetCodec.unpacked(body, codec, size: head.size) { bytes in
        var cursor = ByteCursor(bytes)
        do throws(ParquetError) {
          return try ParquetValues.plain(&cursor, leaf, count: count)
        } catch {
          fault = error
          return []
        }
      }
      if let fault { throw fault }
      return 0
    case .data(let count, let encoding):
      guard count <= most else { throw ParquetPage.damaged }
      try unpack(body, codec, head.size) { (column, cursor) throws(ParquetError) in
        try column.readLevels(&cursor, count: count)
        try column.readValues(&cursor, encoding, count: count)
      }
      return count
    case .dataV2(let count, let encoding, let levels, let isCompressed):
      guard count <= most, levels.repetition + levels.definition <= min(body.count, head.size)
      else {
        throw ParquetPage.damaged
      }
      var front = ByteCursor(body)
      try readLevels(
        try front.take(levels.repetition), try front.take(levels.definition), count: count)
      let rest = try front.take(front.rest)
      let size = head.size - levels.repetition - levels.definition
      try unpack(rest, isCompressed ? codec : 0, isCompressed ? size : rest.count) {
        (column, cursor) throws(ParquetError) in
        try column.readValues(&cursor, encoding, count: count)
      }
      return count
    case .other: return 0
    }
  }

  /// Has `read` read what a page's body unpacks to.
  private mutating func unpack(
    _ body: UnsafeRawBufferPointer, _ codec: Int, _ size: Int,
    _ read: (inout Self, inout ByteCursor) throws(ParquetError) -> Void
  ) throws(ParquetError) {
    var fault: ParquetError?
    try ParquetCodec.unpacked(body, codec, size: size) { bytes in
      var cursor = ByteCursor(bytes)
      do throws(ParquetError) { try read(&self, &cursor) } catch { fault = error }
    }
    if let fault { throw fault }
  }

  /// The levels in front of the values of a page's first version, each behind their length.
  private mutating func readLevels(
    _ cursor: inout ByteCursor, count: Int
  ) throws(ParquetError) {
    func levels(_ most: Int, _ cursor: inout ByteCursor) throws(ParquetError)
      -> UnsafeRawBufferPointer
    {
      guard most > 0 else { return UnsafeRawBufferPointer(start: nil, count: 0) }
      return try cursor.take(Int(try cursor.littleEndian(4)))
    }
    let repetition = try levels(node.repeats, &cursor)
    try readLevels(repetition, try levels(node.definition, &cursor), count: count)
  }

  private mutating func readLevels(
    _ repetition: UnsafeRawBufferPointer, _ definition: UnsafeRawBufferPointer, count: Int
  ) throws(ParquetError) {
    func levels(_ bytes: UnsafeRawBufferPointer, _ most: Int) throws(ParquetError) -> [UInt8] {
      guard most > 0 else { return [] }
      var cursor = ByteCursor(bytes)
      let list = try ParquetRuns.read(
        &cursor, width: ParquetRuns.width(of: most), count: count)
      guard list.allSatisfy({ $0 <= most }) else { throw ParquetPage.damaged }
      return list.map { UInt8($0) }
    }
    repetitions += try levels(repetition, node.repeats)
    definitions += try levels(definition, node.definition)
  }

  /// The values of the page whose levels were read last.
  private mutating func readValues(
    _ cursor: inout ByteCursor, _ encoding: Int, count: Int
  ) throws(ParquetError) {
    let present =
      node.definition > 0
      ? definitions.suffix(count).count { Int($0) == node.definition } : count
    guard present > 0 else { return }
    switch encoding {
    case 0: values += try ParquetValues.plain(&cursor, leaf, count: present)
    case 2, 8:
      let width = Int(try cursor.byte())
      for index in try ParquetRuns.read(&cursor, width: width, count: present) {
        guard Int(index) < dictionary.count else { throw ParquetPage.damaged }
        values.append(dictionary[Int(index)])
      }
    case 3 where leaf.type == 0:
      _ = try cursor.littleEndian(4)
      values += try ParquetRuns.read(&cursor, width: 1, count: present).map { .bool($0 == 1) }
    default:
      throw ParquetError(
        "is encoded as \(ParquetPage.name(ofEncoding: encoding)), which is not read; write the file "
          + "with pyarrow's or datasets' own settings")
    }
  }
}

// MARK: Reading along

extension ParquetColumn {
  /// Whether all of it has been read.
  var isAtEnd: Bool { place == count }

  /// The level at which the next value or absence is defined.
  var definition: Int {
    get throws(ParquetError) {
      guard place < count else { throw ParquetPage.damaged }
      return definitions.isEmpty ? 0 : Int(definitions[place])
    }
  }

  /// The level at which the next one repeats; 0 where a row begins, and at the end.
  var repetition: Int { place < count && !repetitions.isEmpty ? Int(repetitions[place]) : 0 }

  /// Passes over an absence.
  mutating func skip() throws(ParquetError) {
    guard place < count else { throw ParquetPage.damaged }
    if try definition == node.definition { next += 1 }
    place += 1
  }

  /// The next value; null for an absence.
  mutating func take() throws(ParquetError) -> ParsedJSON {
    let isPresent = try definition == node.definition
    place += 1
    guard isPresent else { return .null }
    guard next < values.count else { throw ParquetPage.damaged }
    defer { next += 1 }
    return values[next]
  }
}
