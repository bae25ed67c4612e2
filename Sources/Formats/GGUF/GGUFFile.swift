import Names
import OrderedCollections
import Tensors

/// A GGUF file, mapped and checked: every length has been held against the file's size, so that reading
/// a tensor cannot fail any more.
public struct GGUFFile: Sendable {
  /// A tensor of the file.
  public struct Entry: Sendable {
    /// The tensor's name.
    public let name: String
    /// Sizes of the axes, outermost first.
    public let shape: [Int]
    /// How its numbers are stored.
    public let type: GGMLType
    /// Where its bytes lie in the file.
    public let bytes: Range<Int>

    /// Numbers of the innermost axis, and how many rows of them there are.
    var columns: Int { shape.last ?? 1 }
    var rows: Int { columns == 0 ? 0 : shape.reduce(1, *) / columns }
  }

  /// The mapped file.
  public let file: MappedFile
  /// What the file says, in its order.
  public let metadata: OrderedDictionary<String, GGUFValue>
  /// Tensors by name, in the file's order.
  public let entries: OrderedDictionary<String, Entry>
  /// How many bytes stand before the first tensor.
  public let headerLength: Int

  /// The path it was opened by.
  public var path: String { file.path }

  /// Maps and checks the file at `path`.
  public init(path: String) throws(FormatError) {
    let file: MappedFile
    do { file = try MappedFile(path: path) } catch {
      throw FormatError(.missing, error.path, "cannot be read: \(error.reason)")
    }
    try self.init(file)
  }

  /// Checks a file that is mapped.
  public init(_ file: MappedFile) throws(FormatError) {
    self.file = file
    let result = file.withBytes(0..<file.count) { bytes in
      Result { () throws(FormatError) in try GGUFHeader(bytes, path: file.path) }
    }
    let header = try result.get()
    metadata = header.metadata
    entries = header.entries
    headerLength = header.dataStart
  }

  /// The matrix or vector `name` in f32, a vector as one row.
  public func tensor(_ name: String) throws(FormatError) -> Tensor {
    let entry = try entry(name)
    return entry.type.decode(
      StoredBytes(file, entry.bytes), rows: entry.rows, columns: entry.columns)
  }

  /// The entry `name`; an error that names the file and the nearest name when there is none.
  public func entry(_ name: String) throws(FormatError) -> Entry {
    if let entry = entries[name] { return entry }
    throw FormatError(.missing, path, missingTensor(name, among: entries.keys))
  }

  /// The text, number or list under `key`; an error where it is missing or of another kind.
  func value<Value>(_ key: String, _ kind: String, _ read: (GGUFValue) -> Value?)
    throws(FormatError) -> Value
  {
    guard let found = metadata[key] else {
      throw FormatError(.malformed, path, "lacks the key '\(key)'")
    }
    guard let value = read(found) else {
      throw FormatError(.malformed, path, "the key '\(key)' is no \(kind)")
    }
    return value
  }
}

/// The checked header of a GGUF file.
struct GGUFHeader {
  private(set) var metadata: OrderedDictionary<String, GGUFValue> = [:]
  private(set) var entries: OrderedDictionary<String, GGUFFile.Entry> = [:]
  private(set) var dataStart = 0
  private let path: String

  /// Axes that a tensor has at most, and how deep lists may lie in one another.
  private static let mostAxes = 4, mostLevels = 4

  init(_ bytes: UnsafeRawBufferPointer, path: String) throws(FormatError) {
    self.path = path
    var cursor = GGUFCursor(bytes, path: path)
    guard bytes.count >= 24, bytes.prefix(4).elementsEqual(GGUFWriter.magic) else {
      throw fault("is no GGUF file: it does not begin with 'GGUF' and a header of 24 bytes")
    }
    try cursor.skip(4)
    let version = try cursor.number(UInt32.self)
    guard version == 2 || version == 3 else {
      let isSwapped = version.byteSwapped == 2 || version.byteSwapped == 3
      throw FormatError(
        .unsupported, path,
        isSwapped
          ? "is a big-endian GGUF file; only little-endian ones are read"
          : "is of GGUF version \(version); 2 and 3 are read: convert the model again")
    }
    let tensors = try cursor.count("tensors", ofAtLeast: 24)
    let keys = try cursor.count("keys", ofAtLeast: 13)
    for _ in 0..<keys { try readKey(&cursor) }
    let alignment = metadata["general.alignment"]?.int ?? GGUFWriter.alignment
    guard alignment > 0, alignment % 8 == 0, alignment <= 1 << 20 else {
      throw fault("general.alignment is \(alignment), which is none")
    }
    var infos: [(entry: GGUFFile.Entry, offset: Int)] = []
    for _ in 0..<tensors { infos.append(try readTensor(&cursor)) }
    dataStart = GGUFWriter.aligned(cursor.position, to: alignment)
    for (entry, offset) in infos { try place(entry, offset, alignment, size: bytes.count) }
  }

  private func fault(_ message: String) -> FormatError { FormatError(.malformed, path, message) }

  private mutating func readKey(_ cursor: inout GGUFCursor) throws(FormatError) {
    let key = try cursor.text("a key")
    guard !key.isEmpty, metadata[key] == nil else {
      throw fault("has the key '\(key)' twice, or an empty one")
    }
    metadata[key] = try cursor.value(try cursor.kind(of: key), key, levels: Self.mostLevels)
  }

  private func readTensor(_ cursor: inout GGUFCursor) throws(FormatError)
    -> (GGUFFile.Entry, Int)
  {
    let name = try cursor.text("a tensor's name"), axes = Int(try cursor.number(UInt32.self))
    guard (1...Self.mostAxes).contains(axes) else {
      throw fault("tensor '\(name)' has \(axes) axes; 1 to \(Self.mostAxes) are possible")
    }
    var shape: [Int] = [], count = 1
    for _ in 0..<axes {
      guard let size = Int(exactly: try cursor.number(UInt64.self)) else {
        throw fault("tensor '\(name)' has an axis that is too long")
      }
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      guard !overflow, product <= Int.max / 8 else {
        throw fault("tensor '\(name)' has more numbers than a file can hold")
      }
      count = product
      shape.append(size)
    }
    let code = try cursor.number(UInt32.self)
    guard let type = GGMLType(rawValue: code) else {
      throw FormatError(
        .unsupported, path,
        "tensor '\(name)' is stored in \(Self.typeName(code)); read are "
          + GGMLType.allCases.map(\.name).joined(separator: ", "))
    }
    guard shape[0] % type.blockLength == 0 else {
      throw fault(
        "tensor '\(name)' has rows of \(shape[0]) numbers, which are no whole blocks of \(type.name)"
      )
    }
    guard let offset = Int(exactly: try cursor.number(UInt64.self)) else {
      throw fault("tensor '\(name)' lies outside the file")
    }
    let bytes = 0..<type.bytes(count)
    return (
      GGUFFile.Entry(name: name, shape: shape.reversed(), type: type, bytes: bytes), offset
    )
  }

  private mutating func place(
    _ entry: GGUFFile.Entry, _ offset: Int, _ alignment: Int, size: Int
  ) throws(FormatError) {
    guard offset % alignment == 0 else {
      throw fault("tensor '\(entry.name)' begins at \(offset), which is not aligned")
    }
    let (start, first) = offset.addingReportingOverflow(dataStart)
    let (end, second) = start.addingReportingOverflow(entry.bytes.count)
    guard !first, !second, end <= size else {
      throw fault(
        "truncated: \(size) bytes, but tensor '\(entry.name)' would end at \(end); fetch the file again"
      )
    }
    guard entries[entry.name] == nil else {
      throw fault("has the tensor '\(entry.name)' twice")
    }
    entries[entry.name] = GGUFFile.Entry(
      name: entry.name, shape: entry.shape, type: entry.type, bytes: start..<end)
  }

  /// ggml's name of a type that is not read.
  private static func typeName(_ code: UInt32) -> String {
    let names: [UInt32: String] = [
      9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS",
      19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16",
      26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
    ]
    return names[code] ?? "type \(code), which nobody knows"
  }
}
