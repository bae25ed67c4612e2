import Tensors

/// What a GGUF file's numbers are stored in as a whole, under llama.cpp's names: some are mixes.
public enum GGUFFileType: String, Sendable, CaseIterable {
  case f32 = "F32"
  case f16 = "F16"
  case bf16 = "BF16"
  case q80 = "Q8_0"
  case q6K = "Q6_K"
  case q5KM = "Q5_K_M"
  case q4KM = "Q4_K_M"
  case q41 = "Q4_1"
  case q40 = "Q4_0"

  /// `general.file_type`
  var code: UInt32 {
    switch self {
    case .f32: 0
    case .f16: 1
    case .q40: 2
    case .q41: 3
    case .q80: 7
    case .q4KM: 15
    case .q5KM: 17
    case .q6K: 18
    case .bf16: 32
    }
  }

  /// What most of its matrices are stored in.
  private var common: GGMLType {
    switch self {
    case .f32: .f32
    case .f16: .f16
    case .bf16: .bf16
    case .q80: .q80
    case .q6K: .q6K
    case .q5KM: .q5K
    case .q4KM: .q4K
    case .q41: .q41
    case .q40: .q40
    }
  }

  /// What the tensor `name` is stored in, by llama.cpp's rules: vectors plainly, the head and what mixes
  /// think important in more bits, rows that are no whole blocks in smaller blocks.
  public func type(of name: String, shape: [Int], layers: Int, isHead: Bool) -> GGMLType {
    guard shape.count > 1, !name.hasSuffix("_norm.weight") else { return .f32 }
    var type = common
    guard type.plain == nil else { return type }
    let columns = shape.last ?? 1
    if isHead, type != .q80 { type = columns % type.blockLength == 0 ? .q6K : .q80 }
    if self == .q4KM || self == .q5KM,
      name.hasSuffix("attn_v.weight") || name.hasSuffix("ffn_down.weight"),
      let layer = name.split(separator: ".").dropFirst().first.flatMap({ Int($0) })
    {
      let eighth = layers / 8
      if layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2 { type = .q6K }
    }
    if columns % type.blockLength != 0 { type = Self.smaller(type) }
    return columns % type.blockLength == 0 ? type : .f16
  }

  private static func smaller(_ type: GGMLType) -> GGMLType {
    switch type {
    case .q4K: .q50
    case .q5K: .q51
    case .q6K: .q80
    default: type
    }
  }

  /// How far the mean logit may move, as a share of its magnitude, when a model is stored so. Types of
  /// few bits are judged by what small models lose in them.
  public var tolerance: Double {
    switch self {
    case .f32: 1e-5
    case .f16: 0.01
    case .bf16: 0.05
    case .q80: 0.15
    case .q6K: 0.2
    case .q5KM: 0.35
    case .q4KM: 0.5
    case .q41: 0.6
    case .q40: 1
    }
  }
}
