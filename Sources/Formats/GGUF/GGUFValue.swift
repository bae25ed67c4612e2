/// A value of a GGUF file's metadata.
public enum GGUFValue: Sendable, Hashable {
  case uint8(UInt8), int8(Int8), uint16(UInt16), int16(Int16), uint32(UInt32), int32(Int32)
  case uint64(UInt64), int64(Int64), float32(Float), float64(Double), bool(Bool)
  case string(String)
  /// Values of one kind.
  case array(Kind, [GGUFValue])

  /// The kinds under their codes in files.
  public enum Kind: UInt32, Sendable {
    case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64
    case float64

    /// The fewest bytes that a value of this kind takes.
    var minimumSize: Int {
      switch self {
      case .uint8, .int8, .bool: 1
      case .uint16, .int16: 2
      case .uint32, .int32, .float32: 4
      case .uint64, .int64, .float64, .string: 8
      case .array: 12
      }
    }
  }

  /// A list of texts.
  public static func strings(_ texts: [String]) -> GGUFValue {
    .array(.string, texts.map(Self.string))
  }
  /// A list of numbers.
  public static func int32s(_ numbers: [Int32]) -> GGUFValue {
    .array(.int32, numbers.map(Self.int32))
  }

  /// The value's kind.
  var kind: Kind {
    switch self {
    case .uint8: .uint8
    case .int8: .int8
    case .uint16: .uint16
    case .int16: .int16
    case .uint32: .uint32
    case .int32: .int32
    case .uint64: .uint64
    case .int64: .int64
    case .float32: .float32
    case .float64: .float64
    case .bool: .bool
    case .string: .string
    case .array: .array
    }
  }

  /// A whole number of any kind; nil for others.
  public var int: Int? {
    switch self {
    case .uint8(let value): Int(value)
    case .int8(let value): Int(value)
    case .uint16(let value): Int(value)
    case .int16(let value): Int(value)
    case .uint32(let value): Int(value)
    case .int32(let value): Int(value)
    case .uint64(let value): Int(exactly: value)
    case .int64(let value): Int(value)
    default: nil
    }
  }

  /// A number of any kind; nil for others.
  public var double: Double? {
    switch self {
    case .float32(let value): Double(value)
    case .float64(let value): value
    default: int.map(Double.init)
    }
  }

  /// A text; nil for others.
  public var string: String? { if case .string(let text) = self { text } else { nil } }
  /// A truth value; nil for others.
  public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  /// The elements of a list; nil for others.
  public var array: [GGUFValue]? { if case .array(_, let values) = self { values } else { nil } }
}

extension GGUFValue {
  /// Appends the value's bytes, without its kind.
  func append(to bytes: inout [UInt8]) {
    func number(_ value: some FixedWidthInteger) {
      withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
    switch self {
    case .uint8(let value): number(value)
    case .int8(let value): number(value)
    case .uint16(let value): number(value)
    case .int16(let value): number(value)
    case .uint32(let value): number(value)
    case .int32(let value): number(value)
    case .uint64(let value): number(value)
    case .int64(let value): number(value)
    case .float32(let value): number(value.bitPattern)
    case .float64(let value): number(value.bitPattern)
    case .bool(let value): bytes.append(value ? 1 : 0)
    case .string(let text):
      number(UInt64(text.utf8.count))
      bytes.append(contentsOf: text.utf8)
    case .array(let kind, let values):
      number(kind.rawValue)
      number(UInt64(values.count))
      for value in values { value.append(to: &bytes) }
    }
  }
}
