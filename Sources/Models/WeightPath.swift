import Formats
import Tensors

/// Where a model's numbers come from.
public enum WeightOrigin: Sendable {
  /// A folder's safetensors.
  case folder(SafeTensorsFolder)
  /// Nowhere yet: matrices normal with `deviation`, norms 1, biases 0, as transformers initializes.
  case random(seed: UInt64, deviation: Double)
}

/// A place in a model's files: `weights["model"]["layers"][0]` names all below it. Where a tensor is
/// asked for, its shape is checked and the error names it.
struct WeightPath {
  let origin: WeightOrigin
  let path: String

  subscript(name: String) -> WeightPath {
    WeightPath(origin: origin, path: path.isEmpty ? name : path + "." + name)
  }

  subscript(index: Int) -> WeightPath { self[String(index)] }

  /// The matrix `path.weight`, [rows, columns], mapped.
  func matrix(_ rows: Int, _ columns: Int) throws(FormatError) -> Weight {
    guard case .folder(let folder) = origin else { return .tensor(drawn(rows, columns)) }
    let (file, entry) = try checked(folder, "weight", [rows, columns])
    guard let type = ElementType(rawValue: entry.type.rawValue) else {
      throw FormatError(
        .unsupported, file.path,
        "tensor '\(path).weight' has type \(entry.type.rawValue); weights are read from "
          + ElementType.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return .dense(
      DenseWeight(
        file: file, offset: entry.bytes.lowerBound, rows: rows, columns: columns, type: type))
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
