import ArgumentParser
import Tensors

/// How the weight of a measured product is stored: plain numbers, or a quantization.
enum WeightStorage: Hashable, ExpressibleByArgument {
  case plain(ElementType)
  case quantized(Quantization)

  static let all = [ElementType.f32, .bf16, .f16].map(plain) + Quantization.all.map(quantized)

  /// The name on the command line.
  var name: String {
    switch self {
    case .plain(let type): "\(type)"
    case .quantized(let quantization): quantization.name
    }
  }

  /// The storage that a word of the command line names.
  init?(argument: String) {
    guard let found = Self.all.first(where: { $0.name == argument }) else { return nil }
    self = found
  }

  /// What the word may be.
  static var allValueStrings: [String] { all.map(\.name) }

  /// `matrix` as it is stored.
  func weight(_ matrix: Tensor) -> Weight {
    switch self {
    case .plain(.f32): .tensor(matrix)
    case .plain(.bf16): Self.dense(matrix, .bf16, matrix.bf16)
    case .plain(.f16): Self.dense(matrix, .f16, matrix.values.map { Float16($0).bitPattern })
    case .quantized(let quantization): Weight.tensor(matrix).quantized(quantization)
    }
  }

  private static func dense(_ matrix: Tensor, _ type: ElementType, _ words: [UInt16]) -> Weight {
    let file = words.withUnsafeBytes { source in
      MappedFile(memory: source.count, named: "weight") { $0.copyMemory(from: source) }
    }
    return .dense(
      DenseWeight(
        file: file, offset: 0, rows: matrix.rows, columns: matrix.columns, type: type))
  }
}
