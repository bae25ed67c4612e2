/// What stands before a page of a column.
struct ParquetPage {
  enum Kind {
    case data(count: Int, encoding: Int)
    case dictionary(count: Int)
    case dataV2(
      count: Int, encoding: Int, levels: (repetition: Int, definition: Int), isCompressed: Bool)
    case other
  }

  let kind: Kind
  /// Bytes before and after packing.
  let size: Int, compressedSize: Int

  static let damaged = ParquetError("does not hold together; the file is damaged")
  /// The most bytes of a page: what a damaged file says is not allotted.
  private static let mostBytes = 1 << 29

  /// Reads a PageHeader.
  init(_ head: ThriftValue) throws(ParquetError) {
    guard let type = head[1]?.int, let size = head[2]?.int, let compressed = head[3]?.int,
      0...Self.mostBytes ~= size, compressed >= 0
    else { throw Self.damaged }
    self.size = size
    compressedSize = compressed
    func count(_ value: ThriftValue?) throws(ParquetError) -> Int {
      guard let count = value?.int, 0...ParquetColumn.mostValues ~= count else {
        throw Self.damaged
      }
      return count
    }
    switch type {
    case 0:
      kind = .data(count: try count(head[5]?[1]), encoding: try count(head[5]?[2]))
    case 2: kind = .dictionary(count: try count(head[7]?[1]))
    case 3:
      let levels = (try count(head[8]?[6]), try count(head[8]?[5]))
      kind = .dataV2(
        count: try count(head[8]?[1]), encoding: try count(head[8]?[4]), levels: levels,
        isCompressed: head[8]?[7]?.bool ?? true)
    default: kind = .other
    }
  }

  /// An encoding as the format calls it.
  static func name(ofEncoding encoding: Int) -> String {
    let names = [
      4: "BIT_PACKED", 5: "DELTA_BINARY_PACKED", 6: "DELTA_LENGTH_BYTE_ARRAY",
      7: "DELTA_BYTE_ARRAY", 9: "BYTE_STREAM_SPLIT",
    ]
    return names[encoding] ?? "number \(encoding)"
  }
}
