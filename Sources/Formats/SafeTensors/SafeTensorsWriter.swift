import JSON
import OrderedCollections
import Tensors

/// A tensor to be written: what it is, and how to put its bytes.
public struct TensorSource {
  /// The tensor's name.
  public let name: String
  /// The type of its numbers in the file.
  public let type: ScalarType
  /// Sizes of the axes, outermost first.
  public let shape: [Int]
  /// Appends exactly the tensor's bytes, little-endian, row-major.
  public let put: (FileSink) throws(FormatError) -> Void

  /// Creates a source that streams its bytes.
  public init(
    name: String, type: ScalarType, shape: [Int],
    put: @escaping (FileSink) throws(FormatError) -> Void
  ) {
    self.name = name
    self.type = type
    self.shape = shape
    self.put = put
  }

  /// A tensor of f32 in memory; the product of `shape` must be the number of values.
  public init(name: String, shape: [Int], values: [Float]) {
    precondition(
      shape.reduce(1, *) == values.count, "tensor \(name): shape \(shape), \(values.count) values")
    self.init(name: name, type: .f32, shape: shape) { (sink) throws(FormatError) in
      try sink.write(values)
    }
  }

  /// A tensor copied byte for byte out of another file, perhaps under a new name.
  public init(copying entry: TensorEntry, of file: MappedFile, as name: String? = nil) {
    self.init(name: name ?? entry.name, type: entry.type, shape: entry.shape) {
      (sink) throws(FormatError) in
      let result = file.withBytes(entry.bytes) { bytes in
        Result { () throws(FormatError) in try sink.write(bytes) }
      }
      try result.get()
    }
  }

  var byteCount: Int { shape.reduce(type.bits, *) / 8 }
}

/// Writes safetensors files whose bytes depend on nothing but the tensors: widest types first,
/// then by name, as the format's own library sorts them.
public enum SafeTensorsWriter {
  /// Writes `tensors` into `sink`.
  public static func write(
    _ tensors: [TensorSource], metadata: OrderedDictionary<String, String> = ["format": "pt"],
    into sink: FileSink
  ) throws(FormatError) {
    let sorted = inOrder(tensors)
    try sink.write(header(of: sorted, metadata: metadata))
    for tensor in sorted {
      let start = sink.count
      try tensor.put(sink)
      precondition(
        sink.count - start == tensor.byteCount,
        "tensor \(tensor.name): \(tensor.type.rawValue) \(tensor.shape) has \(tensor.byteCount) "
          + "bytes, \(sink.count - start) were put")
    }
  }

  /// Tensors in the order in which a file has them.
  public static func inOrder(_ tensors: [TensorSource]) -> [TensorSource] {
    tensors.sorted {
      $0.type == $1.type ? $0.name < $1.name : $0.type.rank > $1.type.rank
    }
  }

  /// Writes `tensors` as the file `path`, durably.
  @discardableResult
  public static func write(
    _ tensors: [TensorSource], metadata: OrderedDictionary<String, String> = ["format": "pt"],
    to path: String
  ) throws(FormatError) -> FileDigest {
    try DurableFile.write(to: path) { (sink) throws(FormatError) in
      try write(tensors, metadata: metadata, into: sink)
    }
  }

  private static func header(
    of tensors: [TensorSource], metadata: OrderedDictionary<String, String>
  ) -> [UInt8] {
    var members = OrderedDictionary<String, JSONValue>()
    if !metadata.isEmpty { members["__metadata__"] = .object(metadata.mapValues { .string($0) }) }
    var offset = 0
    for tensor in tensors {
      let end = offset + tensor.byteCount
      let old = members.updateValue(
        [
          "dtype": .string(tensor.type.rawValue), "shape": .array(tensor.shape.map { .int($0) }),
          "data_offsets": [.int(offset), .int(end)],
        ], forKey: tensor.name)
      precondition(old == nil, "the tensor name '\(tensor.name)' is given twice")
      offset = end
    }
    var text = Array(JSONValue.object(members).text().utf8)
    while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
    let length = withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init)
    return length + text
  }
}
