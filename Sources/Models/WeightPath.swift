import Formats
import Tensors

/// A place in a model's files: `weights["model"]["layers"][0]` names all below it. Where a tensor is
/// asked for, its shape is checked and the error names it.
struct WeightPath {
  let folder: SafeTensorsFolder
  let path: String

  subscript(name: String) -> WeightPath {
    WeightPath(folder: folder, path: path.isEmpty ? name : path + "." + name)
  }

  subscript(index: Int) -> WeightPath { self[String(index)] }

  /// The matrix `path.weight`, [rows, columns], mapped.
  func matrix(_ rows: Int, _ columns: Int) throws(FormatError) -> Weight {
    let (file, entry) = try checked("weight", [rows, columns])
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
    _ = try checked(name, [count])
    return Tensor(rows: 1, columns: count, values: try folder.floats(path + "." + name))
  }

  private func checked(_ name: String, _ shape: [Int]) throws(FormatError)
    -> (file: MappedFile, entry: TensorEntry)
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
