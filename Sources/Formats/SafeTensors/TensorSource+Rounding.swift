import Tensors

extension ElementType {
  /// The type of that name in safetensors.
  public var scalar: ScalarType {
    switch self {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    }
  }

  /// The name that torch and config.json have for it.
  public var torchName: String {
    switch self {
    case .f32: "float32"
    case .f16: "float16"
    case .bf16: "bfloat16"
    }
  }

  /// The type that config.json names.
  public init?(torchName: String) {
    guard let type = Self.allCases.first(where: { $0.torchName == torchName }) else { return nil }
    self = type
  }
}

extension TensorSource {
  /// A tensor whose numbers are made when they are written, and rounded once to `type`. Numbers that are
  /// none, or that `type` cannot hold, are refused.
  public init(
    name: String, shape: [Int], rounding values: @escaping () throws(FormatError) -> Tensor,
    to type: ElementType
  ) {
    self.init(name: name, type: type.scalar, shape: shape) { sink throws(FormatError) in
      let tensor = try values()
      guard tensor.isFinite else {
        throw FormatError(
          .unwritable, sink.path,
          "tensor '\(name)' would hold numbers that are not finite; the adapter or the base is damaged"
        )
      }
      switch type {
      case .f32:
        let result = tensor.withBytes { bytes in
          Result { () throws(FormatError) in try sink.write(bytes) }
        }
        try result.get()
      case .bf16: try sink.write(halves: tensor.bf16)
      case .f16:
        let halves = tensor.f16
        guard !halves.contains(where: { $0 & 0x7C00 == 0x7C00 }) else {
          throw FormatError(
            .unwritable, sink.path,
            "tensor '\(name)' has numbers beyond 65504, where f16 ends; write bf16 or f32")
        }
        try sink.write(halves: halves)
      }
    }
  }
}

extension FileSink {
  /// Appends 16-bit numbers, little-endian.
  public func write(halves: [UInt16]) throws(FormatError) {
    let result = halves.withUnsafeBytes { bytes in
      Result { () throws(FormatError) in try write(bytes) }
    }
    try result.get()
  }
}
