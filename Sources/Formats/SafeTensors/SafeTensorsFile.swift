import Names
import OrderedCollections
import Tensors

/// A safetensors file, mapped and checked: every offset has been held against the file's size, so
/// that reading a tensor cannot fail any more.
public struct SafeTensorsFile: Sendable {
  /// The mapped file.
  public let file: MappedFile
  /// Tensors by name, in the order of their bytes.
  public let entries: OrderedDictionary<String, TensorEntry>
  /// The `__metadata__` member.
  public let metadata: OrderedDictionary<String, String>

  /// The path it was opened by.
  public var path: String { file.path }

  /// Maps and checks the file at `path`.
  public init(path: String) throws(FormatError) {
    do { file = try MappedFile(path: path) } catch {
      throw FormatError(.missing, error.path, "cannot be read: \(error.reason)")
    }
    let header = try Self.header(of: file)
    metadata = header.metadata
    entries = OrderedDictionary(uniqueKeysWithValues: header.entries.map { ($0.name, $0) })
  }

  /// Tensors that somebody else has found in a file.
  init(file: MappedFile, entries: [TensorEntry]) {
    self.file = file
    metadata = [:]
    self.entries = OrderedDictionary(uniqueKeysWithValues: entries.map { ($0.name, $0) })
  }

  /// The entry `name`; an error that names the file and the nearest name when there is none.
  public func entry(_ name: String) throws(FormatError) -> TensorEntry {
    if let entry = entries[name] { return entry }
    throw FormatError(.missing, path, missingTensor(name, among: entries.keys))
  }

  /// The values of an F64 (rounded), F32, F16 or BF16 tensor, row-major.
  public func floats(_ name: String) throws(FormatError) -> [Float] {
    let entry = try entry(name)
    guard let values = file.floats(entry) else {
      throw FormatError(
        .unsupported, path,
        "tensor '\(name)' is \(entry.type.rawValue); F64, F32, F16 or BF16 can be read")
    }
    return values
  }

  private static func header(of file: MappedFile) throws(FormatError) -> SafeTensorsHeader {
    guard file.count >= 8 else {
      throw FormatError(
        .malformed, file.path, "truncated: \(file.count) bytes cannot be a safetensors file")
    }
    let start = file.withBytes(0..<min(file.count, LFSPointer.mark.utf8.count)) { Array($0) }
    guard start != Array(LFSPointer.mark.utf8) else {
      throw FormatError(.malformed, file.path, LFSPointer.sentence)
    }
    let length = file.withBytes(0..<8) { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    guard length <= SafeTensorsHeader.maximumLength else {
      throw FormatError(
        .malformed, file.path, "not a safetensors file: its header would have \(length) bytes")
    }
    guard 8 + Int(length) <= file.count else {
      throw FormatError(
        .malformed, file.path,
        "truncated: \(file.count) bytes, but its header alone needs \(8 + length)")
    }
    let text = file.withBytes(8..<8 + Int(length)) { Array($0) }
    return try SafeTensorsHeader(text, path: file.path, size: file.count)
  }
}

/// "lacks the tensor 'a'", with the nearest name there is.
func missingTensor(_ name: String, among names: some Sequence<String>) -> String {
  let hint = nearestName(to: name, among: names).map { "; the nearest name is '\($0)'" } ?? ""
  return "lacks the tensor '\(name)'" + hint
}

extension MappedFile {
  /// The values of an F64, F32, F16 or BF16 tensor; nil for other types.
  func floats(_ entry: TensorEntry) -> [Float]? {
    guard entry.type.isReadableAsFloat else { return nil }
    return withBytes(entry.bytes) { bytes in
      [Float](unsafeUninitializedCapacity: entry.count) { floats, count in
        count = entry.count
        switch entry.type {
        case .f32: UnsafeMutableRawBufferPointer(floats).copyMemory(from: bytes)
        case .f64:
          for index in 0..<count {
            floats[index] = Float(bytes.loadUnaligned(fromByteOffset: 8 * index, as: Double.self))
          }
        case .bf16:
          for index in 0..<count {
            let half = bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
            floats[index] = Float(bitPattern: UInt32(UInt16(littleEndian: half)) << 16)
          }
        default:
          for index in 0..<count {
            let half = bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
            floats[index] = Float(Float16(bitPattern: UInt16(littleEndian: half)))
          }
        }
      }
    }
  }
}
