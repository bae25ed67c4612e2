import Formats
import Layers
import Tensors

/// Where a model's numbers come from.
public enum WeightOrigin: Sendable {
  /// A folder's safetensors.
  case folder(SafeTensorsFolder)
  /// Nowhere yet: matrices normal with `deviation`, norms 1, biases 0, as transformers initializes.
  case random(seed: UInt64, deviation: Double)

  /// The file that errors about the tensor `name` are to name.
  func file(of name: String) -> String {
    guard case .folder(let folder) = self else { return "random weights" }
    return folder[name]?.file.path ?? folder.path
  }
}

/// How a model's projections are quantized while it is opened.
final class QuantizationOnLoad {
  let quantization: Quantization
  private let total: Int, progress: (_ done: Int, _ total: Int) -> Void
  private var done = 0

  init(
    _ quantization: Quantization, total: Int,
    progress: @escaping (_ done: Int, _ total: Int) -> Void
  ) {
    self.quantization = quantization
    self.total = total
    self.progress = progress
  }

  /// `weight` in this quantization; one that is stored quantized stays as it is.
  func callAsFunction(_ weight: Weight, name: String, path: String) throws(FormatError) -> Weight {
    defer {
      done += 1
      progress(done, total)
    }
    switch weight {
    case .nf4, .int8: return weight
    case .dense, .tensor:
      let quantized = weight.quantized(quantization)
      if case .dense(let stored) = weight { stored.release() }
      guard quantized.hasFiniteScales else {
        throw FormatError(quantizing: name, of: path, quantization)
      }
      return quantized
    }
  }
}

/// A place in a model's files: `weights["model"]["layers"][0]` names all below it. Where a tensor is
/// asked for, its shape is checked and the error names it.
struct WeightPath {
  let origin: WeightOrigin
  var path = ""
  /// What config.json says of quantized tensors.
  let stored: Quantization?
  /// What is done to projections; nil where they stay as they are stored.
  let quantization: QuantizationOnLoad?

  subscript(name: String) -> WeightPath {
    var below = self
    below.path = path.isEmpty ? name : path + "." + name
    return below
  }

  subscript(index: Int) -> WeightPath { self[String(index)] }

  /// The place of a part of the model, whose first module is `module`, as the files spell it: `name` as
  /// transformers writes it, or the name that it has in memory where only that is there.
  func part(_ name: String, holding module: String) -> WeightPath {
    let inMemory = ModulePath.inMemory(name + "." + module).dropLast(module.count)
    guard case .folder(let folder) = origin, folder["\(name).\(module).weight"] == nil,
      folder["\(inMemory)\(module).weight"] != nil
    else { return self[name] }
    return inMemory.isEmpty ? self : self[String(inMemory.dropLast())]
  }

  /// The projection of a block at this path, [rows, columns] and a bias: mapped, or quantized where that
  /// is asked for.
  func projection(_ rows: Int, _ columns: Int, hasBias: Bool) throws(FormatError) -> Linear {
    let weight = try matrix(rows, columns), bias = hasBias ? try vector("bias", rows) : nil
    guard let quantization else { return Linear(path: path, weight: weight, bias: bias) }
    let name = path + ".weight"
    let quantized = try quantization(weight, name: name, path: origin.file(of: name))
    // What is mapped costs nothing to know.
    guard case .dense = weight else { return Linear(path: path, weight: quantized, bias: bias) }
    return Linear(path: path, weight: quantized, bias: bias, original: weight)
  }

  /// The matrix `path.weight`, [rows, columns], mapped in whatever form it is stored.
  func matrix(_ rows: Int, _ columns: Int) throws(FormatError) -> Weight {
    guard case .folder(let folder) = origin else { return .tensor(drawn(rows, columns)) }
    let name = path + ".weight"
    if let weight = try folder.quantizedWeight(name, rows: rows, columns: columns) {
      try check(weight, name)
      return weight
    }
    let (file, entry) = try checked(folder, "weight", [rows, columns])
    if entry.type == .f64 {
      // Twice as wide as anything that is computed with: rounded once, kept in memory.
      defer { file.release(entry.bytes) }
      return .tensor(Tensor(rows: rows, columns: columns, values: try folder.floats(name)))
    }
    guard let type = ElementType(rawValue: entry.type.rawValue) else {
      throw FormatError(
        .unsupported, file.path,
        "tensor '\(name)' has type \(entry.type.rawValue); weights are read from "
          + ElementType.allCases.map(\.rawValue).joined(separator: ", ") + ", F64")
    }
    return .dense(
      DenseWeight(
        file: file, offset: entry.bytes.lowerBound, rows: rows, columns: columns, type: type))
  }

  /// Holds a quantized tensor's kind against config.json's.
  private func check(_ weight: Weight, _ name: String) throws(FormatError) {
    let isInt8 = if case .int8 = weight { true } else { false }
    if let stored, isInt8 == (stored == .int8) { return }
    let said = stored.map { "says \($0.name)" } ?? "has no quantization_config"
    throw FormatError(
      .malformed, origin.file(of: name),
      "tensor '\(name)' is stored in \(isInt8 ? "int8" : "nf4"), but config.json \(said)")
  }

  /// The vector `path.name`, as one row of f32.
  func vector(_ name: String, _ count: Int) throws(FormatError) -> Tensor {
    guard case .folder(let folder) = origin else {
      return Tensor(rows: 1, columns: count, repeating: name == "bias" ? 0 : 1)
    }
    _ = try checked(folder, name, [count])
    return Tensor(rows: 1, columns: count, values: try folder.floats(path + "." + name))
  }

  private func drawn(_ rows: Int, _ columns: Int) -> Tensor {
    guard case .random(let seed, let deviation) = origin else { preconditionFailure() }
    return drawn(rows, columns, seed: seed, deviation: deviation)
  }

  /// First values of the matrix at this path: normal with `deviation`, a pure function of path and seed.
  func drawn(_ rows: Int, _ columns: Int, seed: UInt64, deviation: Double) -> Tensor {
    let random = Random(seed: seed, stream: Random.stream(path))
    return Tensor(
      rows: rows, columns: columns,
      values: (0..<rows * columns).map { Float(random.normal($0) * deviation) })
  }

  private func checked(_ folder: SafeTensorsFolder, _ name: String, _ shape: [Int])
    throws(FormatError) -> (file: MappedFile, entry: TensorEntry)
  {
    let found = try folder.entry(path + "." + name)
    guard found.entry.shape == shape else {
      throw FormatError(
        .malformed, found.file.path,
        "tensor '\(path).\(name)' has shape \(found.entry.shape), config.json asks for \(shape)")
    }
    return found
  }
}
