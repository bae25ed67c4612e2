import OrderedCollections
import Tensors

/// A tensor to be written into a GGUF file.
public struct GGUFTensor {
  /// Its name there.
  public let name: String
  /// Sizes of the axes, outermost first.
  public let shape: [Int]
  /// How its numbers are stored.
  public let type: GGMLType
  /// Its numbers, made when they are written.
  public let values: () throws(FormatError) -> Tensor

  /// Names a tensor; rows, its innermost axis, must be whole blocks of `type`.
  public init(
    name: String, shape: [Int], type: GGMLType, values: @escaping () throws(FormatError) -> Tensor
  ) {
    precondition((shape.last ?? 1) % type.blockLength == 0, "\(name): \(shape) in \(type.name)")
    self.name = name
    self.shape = shape
    self.type = type
    self.values = values
  }

  var byteCount: Int { type.bytes(shape.reduce(1, *)) }
}

/// Writes GGUF files, version 3.
public enum GGUFWriter {
  static let magic = Array("GGUF".utf8), version: UInt32 = 3
  /// What tensors are aligned to.
  static let alignment = 32

  /// Writes metadata and tensors into `sink`, both in their order. `reached` is told how many tensors
  /// are done.
  public static func write(
    _ metadata: OrderedDictionary<String, GGUFValue>, _ tensors: [GGUFTensor],
    into sink: FileSink, reached: (Int) -> Void = { _ in }
  ) throws(FormatError) {
    try sink.write(header(metadata, tensors))
    try pad(sink)
    for (index, tensor) in tensors.enumerated() {
      let values = try tensor.values()
      precondition(values.count == tensor.shape.reduce(1, *), "\(tensor.name): \(values.count)")
      guard values.isFinite else {
        throw FormatError(
          .unwritable, sink.path,
          "tensor '\(tensor.name)' would hold numbers that are not finite")
      }
      let rows = values.reshaped(
        rows: values.count / max(1, tensor.shape.last ?? 1), columns: max(1, tensor.shape.last ?? 1)
      )
      try sink.write(tensor.type.encode(rows))
      try pad(sink)
      reached(index + 1)
    }
  }

  private static func header(
    _ metadata: OrderedDictionary<String, GGUFValue>, _ tensors: [GGUFTensor]
  ) -> [UInt8] {
    var bytes = magic
    func add(_ value: GGUFValue) { value.append(to: &bytes) }
    add(.uint32(version))
    add(.uint64(UInt64(tensors.count)))
    add(.uint64(UInt64(metadata.count)))
    for (key, value) in metadata {
      add(.string(key))
      add(.uint32(value.kind.rawValue))
      add(value)
    }
    var offset = 0
    for tensor in tensors {
      add(.string(tensor.name))
      add(.uint32(UInt32(tensor.shape.count)))
      for size in tensor.shape.reversed() { add(.uint64(UInt64(size))) }
      add(.uint32(tensor.type.rawValue))
      add(.uint64(UInt64(offset)))
      offset += aligned(tensor.byteCount)
    }
    return bytes
  }

  private static func pad(_ sink: FileSink) throws(FormatError) {
    try sink.write([UInt8](repeating: 0, count: aligned(sink.count) - sink.count))
  }

  static func aligned(_ size: Int, to alignment: Int = alignment) -> Int {
    (size + alignment - 1) / alignment * alignment
  }
}
