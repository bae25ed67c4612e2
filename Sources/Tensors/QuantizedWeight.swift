import CKernels

/// A part of a mapped file, or of memory kept in one's place.
public struct StoredBytes: Sendable {
  /// Where it lies.
  public let file: MappedFile, range: Range<Int>

  /// Names a part of `file`, which must contain it.
  public init(_ file: MappedFile, _ range: Range<Int>) {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= file.count,
      "stored bytes: \(range) of \(file.count) in \(file.path)")
    self.file = file
    self.range = range
  }

  /// All of `file`.
  public init(_ file: MappedFile) { self.init(file, 0..<file.count) }

  /// How many bytes there are.
  public var count: Int { range.count }

  /// Valid while `file` lives.
  var start: UnsafeRawPointer { file.start + range.lowerBound }
}

/// A frozen matrix in 4 bits a number: the 16 quantiles of a normal distribution, scaled by the
/// largest magnitude of each 64 numbers (Dettmers et al. 2023, QLoRA; bitsandbytes' layout).
public struct NF4Weight: Sendable {
  /// The blocks' scales.
  public enum Scales: Sendable {
    /// One f32 for each block.
    case single(StoredBytes)
    /// Quantized again: a byte for each block looks up `map` (256 f32), times an f32 of `nested` for
    /// each 256 blocks, plus `offset`.
    case double(codes: StoredBytes, map: StoredBytes, nested: StoredBytes, offset: Float)
  }

  /// Numbers of one block, and blocks that share one nested scale.
  public static let block = Int(K_NF4_BLOCK), nestedBlock = Int(K_NF4_NESTED)
  /// The values that the codes 0...15 stand for.
  public static let values: [Float] = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
    0.7229568362236023, 1.0,
  ]

  /// [outputs, inputs]
  public let rows: Int, columns: Int
  /// Two codes a byte over the flattened matrix, the even index in the high nibble.
  public let codes: StoredBytes
  /// One for each 64 numbers of the flattened matrix.
  public let scales: Scales

  /// Assembles a matrix; the sizes of its parts must fit its shape.
  public init(rows: Int, columns: Int, codes: StoredBytes, scales: Scales) {
    let count = rows * columns, blocks = Self.blocks(count)
    precondition(
      codes.count == (count + 1) / 2, "NF4: [\(rows), \(columns)] in \(codes.count) bytes")
    switch scales {
    case .single(let scales):
      precondition(scales.count == blocks * 4, "NF4: \(blocks) blocks, \(scales.count) bytes")
    case .double(let codes, let map, let nested, _):
      precondition(
        codes.count == blocks && map.count == 1024
          && nested.count == Self.nestedBlocks(count) * 4,
        "NF4: \(blocks) blocks, \(codes.count) codes, \(nested.count) nested bytes")
    }
    self.rows = rows
    self.columns = columns
    self.codes = codes
    self.scales = scales
  }

  /// How many scales `count` numbers have.
  public static func blocks(_ count: Int) -> Int { (count + block - 1) / block }
  /// How many nested scales `count` numbers have.
  public static func nestedBlocks(_ count: Int) -> Int {
    (blocks(count) + nestedBlock - 1) / nestedBlock
  }

  var storedBytes: Int {
    switch scales {
    case .single(let scales): codes.count + scales.count
    case .double(let scaleCodes, let map, let nested, _):
      codes.count + scaleCodes.count + map.count + nested.count
    }
  }
}

/// A frozen matrix in 8 bits a number: value = code · scale[row] / 127 (Dettmers et al. 2022).
public struct Int8Weight: Sendable {
  /// [outputs, inputs]
  public let rows: Int, columns: Int
  /// Signed bytes, row-major.
  public let codes: StoredBytes
  /// An f32 for each row: its largest magnitude.
  public let scales: StoredBytes

  /// Assembles a matrix; the sizes of its parts must fit its shape.
  public init(rows: Int, columns: Int, codes: StoredBytes, scales: StoredBytes) {
    precondition(
      codes.count == rows * columns && scales.count == rows * 4,
      "int8: [\(rows), \(columns)], \(codes.count) codes, \(scales.count) bytes of scales")
    self.rows = rows
    self.columns = columns
    self.codes = codes
    self.scales = scales
  }

  var storedBytes: Int { codes.count + scales.count }
}

extension Weight {
  /// The kernels' description of the matrix; its pointers are valid while the weight lives.
  var descriptor: k_weight {
    var descriptor = k_weight()
    descriptor.rows = Int64(rows)
    descriptor.columns = Int64(columns)
    switch self {
    case .tensor(let tensor):
      descriptor.type = K_F32
      descriptor.data = UnsafeRawPointer(tensor.start)
    case .dense(let weight):
      descriptor.type = weight.type == .f32 ? K_F32 : weight.type == .f16 ? K_F16 : K_BF16
      descriptor.data = weight.file.start + weight.offset
    case .nf4(let weight):
      descriptor.type = K_NF4
      descriptor.data = weight.codes.start
      switch weight.scales {
      case .single(let scales): descriptor.scales = scales.start.assumingMemoryBound(to: Float.self)
      case .double(let codes, let map, let nested, let offset):
        descriptor.scale_codes = codes.start.assumingMemoryBound(to: UInt8.self)
        descriptor.scale_map = map.start.assumingMemoryBound(to: Float.self)
        descriptor.nested_scales = nested.start.assumingMemoryBound(to: Float.self)
        descriptor.offset = offset
      }
    case .int8(let weight):
      descriptor.type = K_INT8
      descriptor.data = weight.codes.start
      descriptor.scales = weight.scales.start.assumingMemoryBound(to: Float.self)
    }
    return descriptor
  }

  /// Hands the description to `body` and keeps the weight alive meanwhile.
  func withDescriptor<Result>(_ body: (UnsafePointer<k_weight>) -> Result) -> Result {
    var descriptor = descriptor
    return withExtendedLifetime(self) { body(&descriptor) }
  }
}
