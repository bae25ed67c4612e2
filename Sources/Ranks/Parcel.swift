/// What goes from rank to rank as bytes. All ranks run one program, and nobody keeps the bytes.
public protocol Parcel {
  /// Appends this value.
  func pack(into bytes: inout ParcelWriter)
  /// Takes back what `pack` appended.
  init(from bytes: inout ParcelReader)
}

/// Bytes to which values are appended.
public struct ParcelWriter {
  /// The bytes so far.
  public private(set) var bytes: [UInt8] = []

  /// No bytes.
  public init() {}

  /// Appends a value.
  public mutating func add(_ value: some Parcel) { value.pack(into: &self) }

  fileprivate mutating func append(_ word: UInt64) {
    withUnsafeBytes(of: word) { bytes.append(contentsOf: $0) }
  }

  fileprivate mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }
}

/// Bytes of which values are taken in the order in which they were appended.
public struct ParcelReader {
  private let bytes: [UInt8]
  private var place = 0

  /// Reads from the first byte on.
  public init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Whether nothing is left.
  public var isAtEnd: Bool { place == bytes.count }

  /// The next value.
  public mutating func take<Value: Parcel>(_: Value.Type = Value.self) -> Value {
    Value(from: &self)
  }

  fileprivate mutating func word() -> UInt64 {
    precondition(place + 8 <= bytes.count, "parcel: another value was packed")
    defer { place += 8 }
    return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: place, as: UInt64.self) }
  }

  fileprivate mutating func text(_ count: Int) -> String {
    precondition(count <= bytes.count - place, "parcel: another value was packed")
    defer { place += count }
    return String(decoding: bytes[place..<place + count], as: UTF8.self)
  }
}

extension UInt64: Parcel {
  /// Appends the value.
  public func pack(into bytes: inout ParcelWriter) { bytes.append(self) }
  /// Takes the value back.
  public init(from bytes: inout ParcelReader) { self = bytes.word() }
}

extension Int: Parcel {
  /// Appends the value.
  public func pack(into bytes: inout ParcelWriter) { bytes.append(UInt64(bitPattern: Int64(self))) }
  /// Takes the value back.
  public init(from bytes: inout ParcelReader) {
    self = Int(Int64(bitPattern: bytes.word()))
  }
}

extension Bool: Parcel {
  /// Appends the value.
  public func pack(into bytes: inout ParcelWriter) { bytes.append(self ? 1 : 0) }
  /// Takes the value back.
  public init(from bytes: inout ParcelReader) { self = bytes.word() != 0 }
}

extension Double: Parcel {
  /// Appends the value.
  public func pack(into bytes: inout ParcelWriter) { bytes.append(bitPattern) }
  /// Takes the value back.
  public init(from bytes: inout ParcelReader) { self.init(bitPattern: bytes.word()) }
}

extension Float: Parcel {
  /// Appends the value.
  public func pack(into bytes: inout ParcelWriter) { bytes.append(UInt64(bitPattern)) }
  /// Takes the value back.
  public init(from bytes: inout ParcelReader) {
    self.init(bitPattern: UInt32(truncatingIfNeeded: bytes.word()))
  }
}

extension Int32: Parcel {
  /// Appends the value.
  public func pack(into bytes: inout ParcelWriter) { bytes.add(Int(self)) }
  /// Takes the value back.
  public init(from bytes: inout ParcelReader) { self.init(bytes.take(Int.self)) }
}

extension String: Parcel {
  /// Appends the value.
  public func pack(into bytes: inout ParcelWriter) {
    bytes.add(utf8.count)
    bytes.append(self)
  }
  /// Takes the value back.
  public init(from bytes: inout ParcelReader) { self = bytes.text(bytes.take(Int.self)) }
}

extension Array: Parcel where Element: Parcel {
  /// Appends the value.
  public func pack(into bytes: inout ParcelWriter) {
    bytes.add(count)
    for element in self { bytes.add(element) }
  }
  /// Takes the value back.
  public init(from bytes: inout ParcelReader) {
    let count = bytes.take(Int.self)
    self = (0..<count).map { _ in bytes.take() }
  }
}

extension Optional: Parcel where Wrapped: Parcel {
  /// Appends the value.
  public func pack(into bytes: inout ParcelWriter) {
    guard let self else { return bytes.add(false) }
    bytes.add(true)
    bytes.add(self)
  }
  /// Takes the value back.
  public init(from bytes: inout ParcelReader) {
    self = bytes.take(Bool.self) ? .some(bytes.take()) : nil
  }
}
