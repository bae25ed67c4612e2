import JSON
import Tensors

/// What bitsandbytes notes of an NF4 matrix beside its tensors: JSON in a tensor of bytes.
struct QuantState {
  /// [outputs, inputs]
  var shape: [Int]
  /// What the scales are quantized around; nil where they are plain f32.
  var nestedOffset: Float?
  /// The type the matrix had, as torch names it.
  var dtype: String

  /// Reads `text`; everything but NF4 in blocks of 64, with scales in blocks of 256, is refused.
  /// `fault` makes an error of what the state does.
  init(
    _ text: [UInt8], fault: (FormatError.Kind, String) -> FormatError
  ) throws(FormatError) {
    let state: JSONValue
    do { state = try JSONValue(parsing: text) } catch {
      throw fault(.malformed, "is not JSON: \(error.message)")
    }
    func require(_ key: String, _ expected: JSONValue) throws(FormatError) {
      guard let found = state[key] else {
        throw fault(.malformed, "lacks '\(key)'")
      }
      guard found == expected else {
        throw fault(
          .unsupported,
          "says \(key) \(found.text()); only \(expected.text()) can be read")
      }
    }
    try require("quant_type", "nf4")
    try require("blocksize", .int(NF4Weight.block))
    guard let sizes = state["shape"]?.array else {
      throw fault(.malformed, "lacks the list 'shape'")
    }
    shape = sizes.compactMap(\.int)
    dtype = state["dtype"]?.string ?? "float32"
    guard state["nested_blocksize"] != nil || state["nested_offset"] != nil else { return }
    try require("nested_blocksize", .int(NF4Weight.nestedBlock))
    try require("nested_dtype", "float32")
    guard let offset = state["nested_offset"]?.double else {
      throw fault(.malformed, "lacks the number 'nested_offset'")
    }
    nestedOffset = Float(offset)
  }

  /// Describes a matrix of this program's.
  init(shape: [Int], nestedOffset: Float?, dtype: String) {
    self.shape = shape
    self.nestedOffset = nestedOffset
    self.dtype = dtype
  }

  /// The text as bitsandbytes writes it.
  var text: [UInt8] {
    var state: JSONValue = [
      "quant_type": "nf4", "blocksize": .int(NF4Weight.block), "dtype": .string(dtype),
      "shape": .array(shape.map(JSONValue.int)),
    ]
    if let nestedOffset {
      state = state.setting("nested_blocksize", .int(NF4Weight.nestedBlock))
        .setting("nested_dtype", "float32")
        .setting("nested_offset", .double(Double(nestedOffset)))
    }
    return Array(state.text(.spaced).utf8)
  }
}
