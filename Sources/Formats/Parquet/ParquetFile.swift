/// A Parquet file's rows as JSON values: columns of texts, numbers and truth values, in structures and
/// lists of any depth. Dates and times are the numbers that are stored.
struct ParquetFile {
  /// The number of rows.
  let count: Int
  private let bytes: UnsafeRawBufferPointer
  private let schema: ParquetSchema
  private let groups: [ThriftValue]

  /// The most rows of a file.
  private static let mostRows = 10_000_000

  /// Whether a file begins as a Parquet file does.
  static func isParquet(_ bytes: some Collection<UInt8>) -> Bool {
    bytes.starts(with: "PAR1".utf8) || bytes.starts(with: "PARE".utf8)
  }

  /// Opens the file whose bytes these are; they must stay while it is read.
  init(_ bytes: UnsafeRawBufferPointer) throws(ParquetError) {
    let isEncrypted = bytes.starts(with: "PARE".utf8) || bytes.suffix(4).elementsEqual("PARE".utf8)
    guard !isEncrypted else {
      throw ParquetError("is encrypted; write it without encryption")
    }
    guard bytes.count >= 12, bytes.suffix(4).elementsEqual("PAR1".utf8) else {
      throw ParquetError("is a Parquet file without its end; it was cut short, so fetch it again")
    }
    let end = bytes.count - 8
    let length = Int(
      UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: end, as: UInt32.self)))
    guard length <= end - 4 else { throw ParquetError.truncated }
    var cursor = ByteCursor(UnsafeRawBufferPointer(rebasing: bytes[end - length..<end]))
    let footer = try ThriftValue(&cursor)
    guard let elements = footer[2]?.list, let count = footer[3]?.int, count >= 0,
      let groups = footer[4]?.list
    else { throw ParquetPage.damaged }
    guard count <= Self.mostRows else {
      throw ParquetError("has \(count) rows; \(Self.mostRows) are the most that are read")
    }
    self.bytes = bytes
    self.count = count
    self.groups = groups
    schema = try ParquetSchema(elements)
  }

  /// Gives `body` each row in order, until it says false.
  func forEachRow(_ body: (ParsedJSON) throws -> Bool) throws {
    var left = count
    for group in groups {
      let rows = group[3]?.int ?? 0
      guard 0...left ~= rows else { throw ParquetPage.damaged }
      left -= rows
      var columns = try columns(of: group)
      for _ in 0..<rows {
        let row = try record(schema.fields, &columns)
        guard try body(row) else { return }
      }
      guard columns.allSatisfy(\.isAtEnd) else { throw ParquetPage.damaged }
    }
    guard left == 0 else { throw ParquetError.truncated }
  }

  private func columns(of group: ThriftValue) throws(ParquetError) -> [ParquetColumn] {
    guard let chunks = group[1]?.list, chunks.count == schema.leaves.count else {
      throw ParquetPage.damaged
    }
    var columns: [ParquetColumn] = []
    for (chunk, (path, node)) in zip(chunks, schema.leaves) {
      if chunk[8] != nil {
        throw ParquetError("the column '\(path)' is encrypted; write it without encryption")
      }
      guard case .leaf(let leaf) = node.content, let description = chunk[3] else {
        throw ParquetPage.damaged
      }
      do throws(ParquetError) {
        columns.append(try ParquetColumn(node, leaf, description, in: bytes))
      } catch {
        throw ParquetError("the column '\(path)' \(error.message)")
      }
    }
    return columns
  }

  // MARK: Rows of columns

  private func record(
    _ fields: [ParquetNode], _ columns: inout [ParquetColumn]
  ) throws(ParquetError) -> ParsedJSON {
    var members = ParsedJSON.Members()
    for field in fields { members[field.name] = try value(field, &columns) }
    return .object(members)
  }

  private func value(
    _ node: ParquetNode, _ columns: inout [ParquetColumn]
  ) throws(ParquetError) -> ParsedJSON {
    if node.repetition == 2 { return try list(node, elements: node, &columns) }
    guard case .group(let children) = node.content else { return try single(node, &columns) }
    if node.repetition == 1, try columns[node.firstColumn].definition < node.definition {
      try skip(node, &columns)
      return .null
    }
    guard node.isList else { return try record(children, &columns) }
    return try list(children[0], elements: element(of: node), &columns)
  }

  /// What a list's elements are: the one child of the group that repeats, or what repeats itself in
  /// files of older writers.
  private func element(of list: ParquetNode) -> ParquetNode {
    guard case .group(let repeated) = list.content, case .group(let inner) = repeated[0].content,
      inner.count == 1, repeated[0].name != "array", repeated[0].name != list.name + "_tuple"
    else {
      guard case .group(let repeated) = list.content else { return list }
      return repeated[0]
    }
    return inner[0]
  }

  /// The elements of what repeats at `node`.
  private func list(
    _ node: ParquetNode, elements: ParquetNode, _ columns: inout [ParquetColumn]
  ) throws(ParquetError) -> ParsedJSON {
    let column = node.firstColumn
    guard try columns[column].definition >= node.definition else {
      try skip(node, &columns)
      return .array([])
    }
    var values: [ParsedJSON] = []
    repeat {
      values.append(
        elements.repeats == node.repeats && elements.repetition == 2
          ? try single(elements, &columns) : try value(elements, &columns))
    } while columns[column].repetition == node.repeats
    return .array(values)
  }

  /// One value of a node, whether it repeats or not.
  private func single(
    _ node: ParquetNode, _ columns: inout [ParquetColumn]
  ) throws(ParquetError) -> ParsedJSON {
    switch node.content {
    case .leaf(let leaf): try columns[leaf.column].take()
    case .group(let children): try record(children, &columns)
    }
  }

  /// Passes over what is absent: each column below has one place for it.
  private func skip(
    _ node: ParquetNode, _ columns: inout [ParquetColumn]
  ) throws(ParquetError) {
    switch node.content {
    case .leaf(let leaf): try columns[leaf.column].skip()
    case .group(let children): for child in children { try skip(child, &columns) }
    }
  }
}
