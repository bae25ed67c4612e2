import CKernels

/// How a frozen matrix is made smaller. Codes and scales are bitsandbytes' to the last bit: those of
/// its CPU functions (0.50) on one thread of torch, for weights as their file stores them.
public enum Quantization: Sendable, Hashable {
  /// 4 bits a number and a scale for each 64; with `double` the scales take 8 bits themselves.
  case nf4(double: Bool)
  /// 8 bits a number and a scale for each row.
  case int8

  /// Every quantization, in the order of its size.
  public static let all: [Quantization] = [.nf4(double: true), .nf4(double: false), .int8]

  /// The name on the command line: `nf4` (scales quantized too), `nf4-single` or `int8`.
  public var name: String {
    switch self {
    case .nf4(double: true): "nf4"
    case .nf4(double: false): "nf4-single"
    case .int8: "int8"
    }
  }

  /// The quantization of that name.
  public init?(name: String) {
    guard let found = Self.all.first(where: { $0.name == name }) else { return nil }
    self = found
  }

  /// Bytes that a matrix of `count` numbers takes, without the few that do not grow with it.
  public func storedBytes(_ count: Int) -> Int {
    switch self {
    case .int8: count
    case .nf4(double: true): (count + 1) / 2 + NF4Weight.blocks(count)
    case .nf4(double: false): (count + 1) / 2 + 4 * NF4Weight.blocks(count)
    }
  }

  /// The 256 values of bitsandbytes' signed dynamic map (Dettmers 2015): seven decades, each cut into
  /// twice as many equal parts as the one below it; the values are the middles of the parts. The
  /// borders are torch's linspace, which fuses its products.
  static let dynamicMap: [Float] = {
    let powers: [Float] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1]
    var positive: [Float] = []
    for (decade, power) in powers.enumerated() {
      let parts = 1 << decade, step = (1 - Float(0.1)) / Float(parts)
      let borders = (0...parts).map { index in
        index < (parts + 1) / 2
          ? Float(0.1).addingProduct(step, Float(index))
          : Float(1).addingProduct(-step, Float(parts - index))
      }
      positive += zip(borders, borders.dropFirst()).map { power * (($0 + $1) / 2) }
    }
    return positive.reversed().map(-) + [0] + positive + [1]
  }()

  /// The map as the double-quantized weights share it.
  static let dynamicMapBytes = StoredBytes(
    MappedFile(memory: 1024, named: "dynamic map") { bytes in
      dynamicMap.withUnsafeBytes { bytes.copyMemory(from: $0) }
    })
}

extension Weight {
  /// The matrix in `quantization`, in memory. It is read piece by piece and never whole in f32.
  public func quantized(_ quantization: Quantization) -> Weight {
    switch quantization {
    case .nf4(let isDouble): .nf4(nf4(isDouble: isDouble))
    case .int8: .int8(int8())
    }
  }

  /// Whether every scale of a quantized matrix is finite. One that is not comes of a number that is not,
  /// or of one beyond 65504 in int8, which is made through f16.
  public var hasFiniteScales: Bool {
    switch self {
    case .nf4(let weight):
      switch weight.scales {
      case .single(let scales): scales.areFinite
      case .double(_, _, let nested, let offset): offset.isFinite && nested.areFinite
      }
    case .int8(let weight): weight.scales.areFinite
    case .dense, .tensor: true
    }
  }

  private func nf4(isDouble: Bool) -> NF4Weight {
    let count = rows * columns, blocks = NF4Weight.blocks(count)
    let scales = Buffer(blocks)
    let codes = MappedFile(memory: (count + 1) / 2, named: "NF4 codes") { codes in
      pieces(count, grain: 1024 * NF4Weight.block) { numbers, range in
        k_quantize_nf4_f32(
          codes.pointer(range.lowerBound / 2, as: UInt8.self),
          scales.start + range.lowerBound / NF4Weight.block, numbers, Int64(range.count))
      }
    }
    return NF4Weight(
      rows: rows, columns: columns, codes: StoredBytes(codes),
      scales: isDouble ? Self.nested(scales) : .single(Self.stored(scales)))
  }

  private func int8() -> Int8Weight {
    let scales = Buffer(rows), columns = columns
    let codes = MappedFile(memory: rows * columns, named: "int8 codes") { codes in
      pieces(rows * columns, grain: max(1, 65536 / max(columns, 1)) * columns) { numbers, range in
        let row = range.lowerBound / columns
        k_quantize_int8_f32(
          codes.pointer(range.lowerBound, as: Int8.self), scales.start + row, numbers,
          Int64(range.count / columns), Int64(columns))
      }
    }
    return Int8Weight(
      rows: rows, columns: columns, codes: StoredBytes(codes), scales: Self.stored(scales))
  }

  /// Hands over the flattened matrix in pieces of `grain` numbers, on all threads.
  private func pieces(
    _ count: Int, grain: Int, _ body: (UnsafePointer<Float>, Range<Int>) -> Void
  ) {
    withDescriptor { weight in
      Parallel.ranges(count, grain: grain) { range in
        let scratch = Buffer(range.count)
        k_weight_run_f32(scratch.start, weight, Int64(range.lowerBound), Int64(range.count))
        body(scratch.start, range)
      }
    }
  }

  /// The blocks' scales, quantized themselves around their mean.
  private static func nested(_ scales: Buffer) -> NF4Weight.Scales {
    let count = scales.count, block = NF4Weight.nestedBlock
    var mean: Float = 0
    k_mean_f32(&mean, scales.start, Int64(count))
    let offset = mean, nested = Buffer((count + block - 1) / block)
    let codes = MappedFile(memory: count, named: "NF4 scales") { codes in
      Quantization.dynamicMapBytes.file.withBytes(0..<1024) { map in
        let map = map.assumingMemoryBound(to: Float.self).baseAddress
        Parallel.ranges(count, grain: 64 * block) { range in
          k_quantize_scales_f32(
            codes.pointer(range.lowerBound, as: UInt8.self),
            nested.start + range.lowerBound / block, scales.start + range.lowerBound, offset, map,
            Int64(range.count))
        }
      }
    }
    return .double(
      codes: StoredBytes(codes), map: Quantization.dynamicMapBytes, nested: stored(nested),
      offset: offset)
  }

  private static func stored(_ numbers: Buffer) -> StoredBytes {
    StoredBytes(
      MappedFile(memory: numbers.count * 4, named: "scales") {
        $0.copyMemory(from: UnsafeRawBufferPointer(start: numbers.start, count: numbers.count * 4))
      })
  }
}

extension StoredBytes {
  /// Whether its f32 numbers all are.
  fileprivate var areFinite: Bool {
    file.withBytes(range) { $0.assumingMemoryBound(to: Float.self).allSatisfy(\.isFinite) }
  }
}

extension UnsafeMutableRawBufferPointer {
  /// The place of byte `offset`; a kernel's output.
  fileprivate func pointer<Value>(_ offset: Int, as type: Value.Type) -> UnsafeMutablePointer<Value>
  {
    (baseAddress! + offset).assumingMemoryBound(to: type)
  }
}
