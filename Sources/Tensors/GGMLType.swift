import CKernels

/// How GGUF files store numbers, under ggml's names and codes: plainly, or in blocks with scales.
public enum GGMLType: UInt32, Sendable, CaseIterable {
  case f32 = 0
  case f16 = 1
  case q40 = 2
  case q41 = 3
  case q50 = 6
  case q51 = 7
  case q80 = 8
  case q4K = 12
  case q5K = 13
  case q6K = 14
  case bf16 = 30

  /// ggml's name.
  public var name: String {
    switch self {
    case .f32: "F32"
    case .f16: "F16"
    case .bf16: "BF16"
    case .q40: "Q4_0"
    case .q41: "Q4_1"
    case .q50: "Q5_0"
    case .q51: "Q5_1"
    case .q80: "Q8_0"
    case .q4K: "Q4_K"
    case .q5K: "Q5_K"
    case .q6K: "Q6_K"
    }
  }

  /// The type that safetensors files have too; nil for blocks.
  public var plain: ElementType? {
    switch self {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    default: nil
    }
  }

  private var code: k_block_type { k_block_type(rawValue: rawValue) }
  /// Numbers of a block; a row is whole blocks.
  public var blockLength: Int { plain == nil ? Int(k_block_length(code)) : 1 }
  /// Bytes of a block.
  public var blockBytes: Int { plain?.size ?? Int(k_block_bytes(code)) }

  /// Bytes that `count` numbers take, which must be whole blocks.
  public func bytes(_ count: Int) -> Int { count / blockLength * blockBytes }

  /// The numbers as a file stores them. Rows must be whole blocks.
  public func encode(_ tensor: Tensor) -> [UInt8] {
    precondition(
      tensor.columns % blockLength == 0, "\(name): rows of \(tensor.columns) numbers")
    switch self {
    case .f32: return tensor.withBytes { Array($0) }
    case .f16: return tensor.f16.withUnsafeBytes { Array($0) }
    case .bf16: return tensor.bf16.withUnsafeBytes { Array($0) }
    default: break
    }
    let (blocks, code) = (tensor.count / blockLength, code)
    return [UInt8](unsafeUninitializedCapacity: blocks * blockBytes) { bytes, count in
      count = blocks * blockBytes
      guard let target = bytes.baseAddress else { return }
      Parallel.ranges(blocks, grain: 256) { range in
        k_blocks_encode(
          code, target + range.lowerBound * blockBytes,
          tensor.start + range.lowerBound * blockLength, Int64(range.count))
      }
    }
  }

  /// A matrix that a file stores so; `bytes` must be those of [rows, columns].
  public func decode(_ bytes: StoredBytes, rows: Int, columns: Int) -> Tensor {
    precondition(
      bytes.count == self.bytes(rows * columns), "\(name): [\(rows), \(columns)], \(bytes.count)")
    if let plain {
      return Weight.dense(
        DenseWeight(
          file: bytes.file, offset: bytes.range.lowerBound, rows: rows, columns: columns,
          type: plain)
      ).tensor()
    }
    let result = Tensor(rows, columns), blocks = result.count / blockLength, code = code
    Parallel.ranges(blocks, grain: 256) { range in
      k_blocks_decode(
        code, result.start + range.lowerBound * blockLength,
        (bytes.start + range.lowerBound * blockBytes).assumingMemoryBound(to: UInt8.self),
        Int64(range.count))
    }
    return result
  }
}
