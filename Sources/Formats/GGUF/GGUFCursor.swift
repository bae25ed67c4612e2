/// Reads a GGUF header from its start on; what would lie beyond the file is an error.
struct GGUFCursor {
  private let bytes: UnsafeRawBufferPointer, path: String
  private(set) var position = 0

  init(_ bytes: UnsafeRawBufferPointer, path: String) {
    self.bytes = bytes
    self.path = path
  }

  private var left: Int { bytes.count - position }

  private func truncated(_ what: String) -> FormatError {
    FormatError(
      .malformed, path,
      "truncated or damaged: \(bytes.count) bytes end within \(what); fetch the file again")
  }

  mutating func skip(_ count: Int) throws(FormatError) {
    guard count <= left else { throw truncated("the header") }
    position += count
  }

  mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) throws(FormatError)
    -> Number
  {
    let size = MemoryLayout<Number>.size
    guard size <= left else { throw truncated("the header") }
    defer { position += size }
    return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Number.self))
  }

  /// A number of things that take so many bytes each at least.
  mutating func count(_ what: String, ofAtLeast size: Int) throws(FormatError) -> Int {
    let count = try number(UInt64.self)
    guard count <= UInt64(left / size) else {
      throw FormatError(
        .malformed, path,
        "truncated or damaged: it would hold \(count) \(what), for which \(left) bytes are too few")
    }
    return Int(count)
  }

  mutating func text(_ what: String) throws(FormatError) -> String {
    let length = try number(UInt64.self)
    guard length <= UInt64(left) else { throw truncated(what) }
    defer { position += Int(length) }
    let part = UnsafeRawBufferPointer(rebasing: bytes[position..<position + Int(length)])
    guard let text = String(validating: part, as: UTF8.self) else {
      throw FormatError(.malformed, path, "\(what) is not UTF-8 text")
    }
    return text
  }

  mutating func kind(of key: String) throws(FormatError) -> GGUFValue.Kind {
    let code = try number(UInt32.self)
    guard let kind = GGUFValue.Kind(rawValue: code) else {
      throw FormatError(.malformed, path, "the value of '\(key)' has the unknown kind \(code)")
    }
    return kind
  }

  /// The value of `key`, in lists that lie `levels` deep at most.
  mutating func value(_ kind: GGUFValue.Kind, _ key: String, levels: Int) throws(FormatError)
    -> GGUFValue
  {
    switch kind {
    case .uint8: return .uint8(try number(UInt8.self))
    case .int8: return .int8(try number(Int8.self))
    case .uint16: return .uint16(try number(UInt16.self))
    case .int16: return .int16(try number(Int16.self))
    case .uint32: return .uint32(try number(UInt32.self))
    case .int32: return .int32(try number(Int32.self))
    case .uint64: return .uint64(try number(UInt64.self))
    case .int64: return .int64(try number(Int64.self))
    case .float32: return .float32(Float(bitPattern: try number(UInt32.self)))
    case .float64: return .float64(Double(bitPattern: try number(UInt64.self)))
    case .bool: return .bool(try number(UInt8.self) != 0)
    case .string: return .string(try text("the value of '\(key)'"))
    case .array:
      guard levels > 0 else {
        throw FormatError(.malformed, path, "the value of '\(key)' is lists within lists")
      }
      let inner = try self.kind(of: key)
      let count = try count("values of '\(key)'", ofAtLeast: inner.minimumSize)
      var values: [GGUFValue] = []
      values.reserveCapacity(count)
      for _ in 0..<count { values.append(try value(inner, key, levels: levels - 1)) }
      return .array(inner, values)
    }
  }
}
