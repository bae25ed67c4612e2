import Formats
import Layers
import Names
import Tensors

/// The tensors of an adapter's file. Each must be asked for once, by the module it belongs to.
public final class AdapterTensors {
  /// The adapter's folder.
  let folder: String
  private let file: SafeTensorsFile
  private var asked: [String] = []

  /// The file's name in an adapter's folder.
  static let fileName = "adapter_model.safetensors"
  /// What PEFT puts before a module's path.
  static let prefix = "base_model.model."
  /// The same where it wraps no module.
  static let outerPrefix = "base_model."

  /// The name of `part` of the module at `path`, as PEFT writes it.
  static func name(_ part: String, of path: String) -> String {
    prefix + ModulePath.inMemory(path) + "." + part
  }

  init(folder: String) throws(FormatError) {
    let path = folder + "/" + Self.fileName
    if !FileSystem.exists(path), FileSystem.exists(folder + "/adapter_model.bin") {
      throw FormatError(
        .unsupported, folder + "/adapter_model.bin",
        "is a pickle, which is not read; load the adapter with PEFT and save it again, which writes "
          + "adapter_model.safetensors")
    }
    file = try SafeTensorsFile(path: path)
    self.folder = folder
  }

  private func spellings(_ part: String, of path: String) -> [String] {
    [ModulePath.inMemory(path), ModulePath.inFiles(path)].map { "\(Self.prefix)\($0).\(part)" }
      + ["\(Self.outerPrefix)\(ModulePath.inMemory(path)).\(part)"]
  }

  /// The name under which the file holds `part` of the module at `path`, in whichever spelling.
  private func name(_ part: String, of path: String) -> String {
    let names = spellings(part, of: path)
    let name = names.first { file.entries[$0] != nil } ?? names[0]
    asked.append(name)
    return name
  }

  /// The matrix `part` of the module at `path`.
  func matrix(_ part: String, of path: String, _ rows: Int, _ columns: Int)
    throws(FormatError) -> Tensor
  {
    let name = name(part, of: path)
    try check(name, rows, columns, "this model and rank need")
    return Tensor(rows: rows, columns: columns, values: try file.floats(name))
  }

  /// The matrix of this name, which belongs to no module.
  func table(_ name: String, _ rows: Int, _ columns: Int) throws(FormatError) -> Tensor {
    asked.append(name)
    try check(name, rows, columns, "this model and its virtual tokens need")
    return Tensor(rows: rows, columns: columns, values: try file.floats(name))
  }

  /// The vector `part` of the module at `path`, as a row.
  func vector(_ part: String, of path: String, _ count: Int) throws(FormatError) -> Tensor {
    let name = name(part, of: path), shape = try file.entry(name).shape
    guard shape.filter({ $0 != 1 }) == (count == 1 ? [] : [count]) else {
      throw FormatError(
        .malformed, file.path, "tensor '\(name)' has shape \(shape), this model needs [\(count)]")
    }
    return Tensor(rows: 1, columns: count, values: try file.floats(name))
  }

  /// Whether the file holds `part` of the module at `path`.
  func holds(_ part: String, of path: String) -> Bool {
    spellings(part, of: path).contains { file.entries[$0] != nil }
  }

  /// The whole weight of the module at `path`, where it lies in the file.
  func weight(_ part: String = "weight", of path: String, like base: Weight)
    throws(FormatError) -> Weight
  {
    let name = name(part, of: path)
    try check(
      name, base.rows, base.columns,
      path == AdapterTargets.scoreHead
        ? "but a reward model has one label:"
        : "the base model has; an adapter whose vocabulary was resized needs a base resized alike:")
    let entry = try file.entry(name)
    guard let type = ElementType(rawValue: entry.type.rawValue) else {
      throw FormatError(
        .unsupported, file.path,
        "tensor '\(name)' is \(entry.type.rawValue); F32, F16 or BF16 can be read")
    }
    return .dense(
      DenseWeight(
        file: file.file, offset: entry.bytes.lowerBound, rows: base.rows, columns: base.columns,
        type: type))
  }

  private func check(_ name: String, _ rows: Int, _ columns: Int, _ need: String)
    throws(FormatError)
  {
    let shape = try file.entry(name).shape
    guard shape == [rows, columns] else {
      throw FormatError(
        .malformed, file.path, "tensor '\(name)' has shape \(shape), \(need) [\(rows), \(columns)]")
    }
  }

  /// Refuses a file that holds more than was asked for.
  func checkNothingIsLeft() throws(FormatError) {
    let known = Set(asked)
    guard let name = file.entries.keys.filter({ !known.contains($0) }).min() else { return }
    let near =
      nearestName(to: name, among: asked).map { "; the nearest name that is: '\($0)'" } ?? ""
    throw FormatError(
      .unsupported, file.path,
      "the adapter's tensor '\(name)' \(Self.reason(name))" + near)
  }

  /// Why nothing asks for a tensor of this name.
  private static func reason(_ name: String) -> String {
    let kinds = [
      ("trainable_tokens", "holds rows that trainable_token_indices does not name"),
      ("lora_magnitude_vector", "is a magnitude, but use_dora is not true"),
      ("base_layer.bias", "is a trained bias, but bias says none"),
      ("lora_B.bias", "is a bias of B, but lora_bias is not true"),
    ]
    return kinds.first { name.contains($0.0) }?.1
      ?? "belongs to nothing in this model that its adapter_config.json targets; is it an adapter of "
      + "another model?"
  }
}
