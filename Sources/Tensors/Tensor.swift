import CKernels

/// A matrix of f32 numbers, row-major, and the slot its gradient goes to.
///
/// Everything the engine computes is a matrix: tokens × features. Finer axes (heads) live inside a
/// row, and operations that need them are told their number. A tensor without a slot is a constant:
/// nothing is recorded for it and no gradient is computed.
public struct Tensor {
  /// Number of rows and of columns.
  public let rows: Int, columns: Int
  var buffer: Buffer
  /// Where this value's gradient goes; nil when nobody wants it.
  public let slot: Slot?
  /// How to compute the value again; nil where it must be kept.
  var recall: Recall?

  /// rows · columns.
  public var count: Int { rows * columns }
  var start: UnsafeMutablePointer<Float> {
    assert(buffer.isHeld, "tensor: nobody holds \(shape)")
    return buffer.start
  }

  /// A matrix with undefined contents, to be filled at once.
  init(_ rows: Int, _ columns: Int) {
    self.init(rows: rows, columns: columns, buffer: Buffer(rows * columns), slot: nil)
  }

  init(rows: Int, columns: Int, buffer: Buffer, slot: Slot?) {
    self.rows = rows
    self.columns = columns
    self.buffer = buffer
    self.slot = slot
  }

  /// A constant matrix; `values` are its rows, one after the other.
  public init(rows: Int, columns: Int, values: [Float]) {
    precondition(
      values.count == rows * columns, "tensor: [\(rows), \(columns)] from \(values.count) values")
    self.init(rows, columns)
    for index in values.indices { start[index] = values[index] }
  }

  /// A constant matrix of equal numbers.
  public init(rows: Int, columns: Int, repeating value: Float) {
    self.init(rows, columns)
    start.update(repeating: value, count: count)
  }

  /// The values, row by row.
  public var values: [Float] { Array(UnsafeBufferPointer(start: start, count: count)) }

  /// One row's values.
  public func row(_ index: Int) -> [Float] {
    precondition(index < rows, "tensor: row \(index) of \(rows)")
    return Array(UnsafeBufferPointer(start: start + index * columns, count: columns))
  }

  /// The only number of a 1 × 1 matrix.
  public var scalar: Float {
    precondition(count == 1, "scalar: the tensor is \(shape)")
    return start[0]
  }

  /// The same numbers under another shape; gradients follow, since they too are flat.
  public func reshaped(rows: Int, columns: Int) -> Tensor {
    precondition(rows * columns == count, "reshape: \(shape) to [\(rows), \(columns)]")
    var result = Tensor(rows: rows, columns: columns, buffer: buffer, slot: slot)
    result.recall = recall
    return result
  }

  /// The value alone: what depends on it passes no gradient back to it.
  public var detached: Tensor { Tensor(rows: rows, columns: columns, buffer: buffer, slot: nil) }

  /// A copy with storage of its own and no slot.
  public func copy() -> Tensor {
    let result = Tensor(rows, columns)
    result.start.update(from: start, count: count)
    return result
  }

  var shape: String { "[\(rows), \(columns)]" }
}

extension Tensor {
  /// Overwrites the numbers in place, for every holder of this storage: a parameter loaded from a
  /// checkpoint.
  public func assign(_ source: Tensor) {
    precondition(
      rows == source.rows && columns == source.columns, "assign: \(shape) := \(source.shape)")
    start.update(from: source.start, count: count)
  }

  /// The numbers' bytes, for writing.
  public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows
    -> Result
  {
    try body(UnsafeRawBufferPointer(start: start, count: count * MemoryLayout<Float>.stride))
  }
}

extension Tensor {
  /// The numbers rounded to bfloat16, nearest even.
  public var bf16: [UInt16] {
    [UInt16](unsafeUninitializedCapacity: count) { buffer, initialized in
      if let base = buffer.baseAddress { k_to_bf16_f32(base, start, Int64(count)) }
      initialized = count
    }
  }
}
