import JSON
import OrderedCollections

/// One tensor of a safetensors file.
public struct TensorEntry: Sendable, Hashable {
  /// The tensor's name.
  public let name: String
  /// The type of its numbers.
  public let type: ScalarType
  /// Sizes of the axes, outermost first; empty for a scalar.
  public let shape: [Int]
  /// Where its bytes lie, counted from the start of the file.
  public let bytes: Range<Int>

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }
}

/// The checked header of a safetensors file: who lies where, without a hole or an overlap.
struct SafeTensorsHeader {
  var entries: [TensorEntry] = []
  var metadata: OrderedDictionary<String, String> = [:]

  /// The format's own limit on the length of a header.
  static let maximumLength = 100_000_000

  let path: String

  /// Parses `text`, the header's bytes, of a file of `size` bytes.
  init(_ text: [UInt8], path: String, size: Int) throws(FormatError) {
    self.path = path
    guard text.first == UInt8(ascii: "{") else { throw fault("its header is not a JSON object") }
    let json: JSONValue
    do { json = try JSONValue(parsing: text) } catch {
      throw fault("its header is not JSON: \(error)")
    }
    guard let members = json.object else { throw fault("its header is not a JSON object") }
    let start = 8 + text.count
    for (name, value) in members {
      if name == "__metadata__" {
        metadata = try readMetadata(value)
      } else {
        entries.append(try readEntry(name, value, dataStart: start))
      }
    }
    try checkLayout(dataStart: start, size: size)
  }

  private func fault(_ message: String) -> FormatError { FormatError(.malformed, path, message) }

  private func readMetadata(_ value: JSONValue) throws(FormatError)
    -> OrderedDictionary<String, String>
  {
    guard let members = value.object else { throw fault("__metadata__ must be an object") }
    var result = OrderedDictionary<String, String>()
    for (key, value) in members {
      guard let text = value.string else {
        throw fault("__metadata__ '\(key)' must be a string, found \(value.kind)")
      }
      result[key] = text
    }
    return result
  }

  private func readEntry(_ name: String, _ value: JSONValue, dataStart: Int) throws(FormatError)
    -> TensorEntry
  {
    guard let typeName = value["dtype"]?.string, let sizes = value["shape"]?.array,
      let offsets = value["data_offsets"]?.array, value.object?.count == 3
    else { throw fault("tensor '\(name)' needs exactly dtype, shape and data_offsets") }
    guard let type = ScalarType(rawValue: typeName) else {
      throw fault("tensor '\(name)' has the unknown dtype '\(typeName)'")
    }
    var shape: [Int] = []
    for size in sizes {
      guard case .int(let size) = size, size >= 0 else {
        throw fault("tensor '\(name)': a size in its shape is not a natural number")
      }
      shape.append(size)
    }
    guard offsets.count == 2, case .int(let begin) = offsets[0], case .int(let end) = offsets[1],
      begin >= 0, end >= begin
    else { throw fault("tensor '\(name)': data_offsets must be two rising natural numbers") }
    guard let length = byteCount(shape, type) else {
      throw fault("tensor '\(name)': shape \(shape) does not fit into whole bytes or 64 bits")
    }
    guard length == end - begin else {
      throw fault(
        "tensor '\(name)': \(type.rawValue) \(shape) needs \(length) bytes, "
          + "data_offsets give \(end - begin)")
    }
    guard !end.addingReportingOverflow(dataStart).overflow else {
      throw fault("tensor '\(name)': its data_offsets lie outside the file")
    }
    return TensorEntry(
      name: name, type: type, shape: shape, bytes: begin + dataStart..<end + dataStart)
  }

  /// Bytes of a tensor; nil on overflow or when sub-byte elements do not fill their last byte.
  private func byteCount(_ shape: [Int], _ type: ScalarType) -> Int? {
    if shape.contains(0) { return 0 }
    var bits = type.bits
    for size in shape {
      let (product, overflow) = bits.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      bits = product
    }
    return bits % 8 == 0 ? bits / 8 : nil
  }

  /// Sorts the entries by place; they must fill the data part exactly.
  private mutating func checkLayout(dataStart: Int, size: Int) throws(FormatError) {
    entries.sort {
      ($0.bytes.lowerBound, $0.bytes.upperBound, $0.name)
        < ($1.bytes.lowerBound, $1.bytes.upperBound, $1.name)
    }
    var position = dataStart
    for entry in entries {
      guard entry.bytes.lowerBound == position else {
        let fault = entry.bytes.lowerBound > position ? "leaves a hole before" : "overlaps"
        throw self.fault("tensor '\(entry.name)' \(fault) byte \(position)")
      }
      position = entry.bytes.upperBound
    }
    guard position <= size else {
      throw fault(
        "truncated: \(size) bytes, but its header describes \(position); fetch the file again")
    }
    guard position == size else {
      throw fault("\(size - position) bytes follow the last tensor")
    }
  }
}
