/// A value in Thrift's compact protocol, in which Parquet writes what it says of itself.
enum ThriftValue {
  case bool(Bool)
  case int(Int)
  case bytes(UnsafeRawBufferPointer)
  case list([ThriftValue])
  case structure([Int: ThriftValue])
  /// Numbers with a fraction and maps, which nothing here needs.
  case other

  subscript(field: Int) -> ThriftValue? {
    if case .structure(let fields) = self { fields[field] } else { nil }
  }
  var int: Int? { if case .int(let value) = self { value } else { nil } }
  var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  var list: [ThriftValue]? { if case .list(let values) = self { values } else { nil } }
  var isStructure: Bool { if case .structure = self { true } else { false } }
  var text: String? {
    guard case .bytes(let bytes) = self else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  /// Reads a structure.
  init(_ cursor: inout ByteCursor, depth: Int = 0) throws(ParquetError) {
    guard depth < 32 else { throw Self.damaged }
    var fields: [Int: ThriftValue] = [:], id = 0
    while true {
      let head = try cursor.byte(), kind = head & 15
      guard kind != 0 else { break }
      id = head >> 4 > 0 ? id + Int(head >> 4) : try Self.zigzag(&cursor)
      guard abs(id) < 1 << 16 else { throw Self.damaged }
      // A truth value stands in the head itself.
      fields[id] = kind <= 2 ? .bool(kind == 1) : try Self.value(kind, &cursor, depth)
    }
    self = .structure(fields)
  }

  private static let damaged = ParquetError(
    "does not say of itself what a Parquet file says; it is damaged")

  private static func zigzag(_ cursor: inout ByteCursor) throws(ParquetError) -> Int {
    let value = try cursor.varint()
    return Int(bitPattern: UInt(value >> 1)) ^ -Int(value & 1)
  }

  private static func value(
    _ kind: UInt8, _ cursor: inout ByteCursor, _ depth: Int
  ) throws(ParquetError) -> ThriftValue {
    switch kind {
    case 1, 2: return .bool(try cursor.byte() == 1)
    case 3: return .int(Int(Int8(bitPattern: try cursor.byte())))
    case 4, 5, 6: return .int(try zigzag(&cursor))
    case 7:
      _ = try cursor.take(8)
      return .other
    case 8: return .bytes(try cursor.take(Int(clamping: try cursor.varint())))
    case 9, 10: return try list(&cursor, depth)
    case 11: return try map(&cursor, depth)
    case 12: return try ThriftValue(&cursor, depth: depth + 1)
    default: throw damaged
    }
  }

  private static func list(
    _ cursor: inout ByteCursor, _ depth: Int
  ) throws(ParquetError) -> ThriftValue {
    guard depth < 32 else { throw damaged }
    let head = try cursor.byte()
    let count = head >> 4 < 15 ? Int(head >> 4) : Int(clamping: try cursor.varint())
    // An element takes a byte at least.
    guard count <= cursor.rest else { throw ParquetError.truncated }
    var values: [ThriftValue] = []
    for _ in 0..<count { values.append(try value(head & 15, &cursor, depth + 1)) }
    return .list(values)
  }

  private static func map(
    _ cursor: inout ByteCursor, _ depth: Int
  ) throws(ParquetError) -> ThriftValue {
    guard depth < 32 else { throw damaged }
    let count = Int(clamping: try cursor.varint())
    guard count > 0 else { return .other }
    let kinds = try cursor.byte()
    guard count <= cursor.rest else { throw ParquetError.truncated }
    for _ in 0..<count {
      _ = try value(kinds >> 4, &cursor, depth + 1)
      _ = try value(kinds & 15, &cursor, depth + 1)
    }
    return .other
  }
}
