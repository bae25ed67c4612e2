import CKernels

/// How stored numbers are written, under safetensors' names.
public enum ElementType: String, Sendable, CaseIterable {
  case f32 = "F32"
  case f16 = "F16"
  case bf16 = "BF16"

  /// Bytes per number.
  public var size: Int { self == .f32 ? 4 : 2 }
}

/// A frozen matrix as it lies in a mapped file; converted to f32 panel by panel where it is used.
public struct DenseWeight: Sendable {
  /// The file that holds it, and its first byte.
  public let file: MappedFile, offset: Int
  /// [outputs, inputs]
  public let rows: Int, columns: Int
  /// How its numbers are stored.
  public let type: ElementType

  /// Names a matrix within a file. The reader of the file has checked that it lies inside.
  public init(file: MappedFile, offset: Int, rows: Int, columns: Int, type: ElementType) {
    precondition(
      offset >= 0 && offset + rows * columns * type.size <= file.count,
      "weight: [\(rows), \(columns)] \(type) at \(offset) of \(file.count) bytes")
    self.file = file
    self.offset = offset
    self.rows = rows
    self.columns = columns
    self.type = type
  }

  /// Gives its pages back; see `MappedFile.release`.
  public func release() { file.release(offset..<offset + rows * columns * type.size) }
}

/// What a weight is: how the matrix [outputs, inputs] of a projection is kept.
public enum Weight {
  /// Frozen, in its file.
  case dense(DenseWeight)
  /// Frozen, in 4 bits a number.
  case nf4(NF4Weight)
  /// Frozen, in 8 bits a number.
  case int8(Int8Weight)
  /// In memory in f32, trained where the tensor has a slot.
  case tensor(Tensor)

  /// Number of outputs.
  public var rows: Int {
    switch self {
    case .dense(let weight): weight.rows
    case .nf4(let weight): weight.rows
    case .int8(let weight): weight.rows
    case .tensor(let tensor): tensor.rows
    }
  }

  /// Number of inputs.
  public var columns: Int {
    switch self {
    case .dense(let weight): weight.columns
    case .nf4(let weight): weight.columns
    case .int8(let weight): weight.columns
    case .tensor(let tensor): tensor.columns
    }
  }

  /// Where its gradient goes; nil for a frozen weight.
  public var slot: Slot? { if case .tensor(let tensor) = self { tensor.slot } else { nil } }

  /// The whole matrix in f32: for inspection, merging and full fine-tuning.
  public func tensor() -> Tensor {
    if case .tensor(let tensor) = self { return tensor.detached }
    let result = Tensor(rows, columns)
    Parallel.ranges(rows, grain: 64) { range in
      read(range, 0..<columns, into: result.start + range.lowerBound * columns)
    }
    return result
  }

  /// Bytes that the matrix takes in its stored form.
  public var storedBytes: Int {
    switch self {
    case .dense(let weight): weight.rows * weight.columns * weight.type.size
    case .nf4(let weight): weight.storedBytes
    case .int8(let weight): weight.storedBytes
    case .tensor(let tensor): tensor.count * 4
    }
  }

  /// Copies a tile into dense rows of f32.
  func read(
    _ rowRange: Range<Int>, _ columnRange: Range<Int>, into tile: UnsafeMutablePointer<Float>
  ) {
    precondition(
      rowRange.upperBound <= rows && columnRange.upperBound <= columns,
      "weight: tile \(rowRange) × \(columnRange) of [\(rows), \(columns)]")
    withDescriptor { weight in
      let isWhole = columnRange.count == columns
      let lines = isWhole ? 1 : rowRange.count
      let length = isWhole ? rowRange.count * columns : columnRange.count
      for line in 0..<lines {
        let first = (rowRange.lowerBound + line) * columns + columnRange.lowerBound
        k_weight_run_f32(tile + line * length, weight, Int64(first), Int64(length))
      }
    }
  }
}
